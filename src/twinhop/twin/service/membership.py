"""Which device twins feed a service twin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twinhop.errors import InputError
from twinhop.scenario.schema.attribute_expression import AttributeExpression
from twinhop.scenario.schema.polygon import Polygon


@dataclass(frozen=True)
class Membership:
    """The rule of a service; a device twin is a member while everything that is stated holds.

    Attributes:
        ids: of the twins, or None.
        where: condition on the attributes of the device, or None.
        polygon: that the device is in, or None; members come and go as they move.

    Raises:
        InputError: nothing is stated, or no id: such a service would have no members.
    """

    ids: frozenset[str] | None = None
    where: AttributeExpression | None = None
    polygon: Polygon | None = None

    def __post_init__(self) -> None:
        if self.ids is None and self.where is None and self.polygon is None:
            raise InputError("membership: states nothing; give ids, where or polygon")
        if isinstance(self.ids, str):
            raise InputError(f"membership: ids must be a set of ids (got the text {self.ids[:40]!r})")
        if self.ids is not None and not self.ids:
            raise InputError("membership: ids is empty; a service needs members")

    def may_join(self, twin_id: str, attributes: Mapping[str, float | str | bool]) -> bool:
        """Whether what does not change lets a twin be a member: its id and its attributes."""
        if self.ids is not None and twin_id not in self.ids:
            return False
        return self.where is None or bool(self.where.holds(attributes))

    def is_inside(self, x_m: float, y_m: float) -> bool:
        """Whether a position lets a twin be a member; an unknown one (NaN) does not where a polygon is stated."""
        return self.polygon is None or bool(self.polygon.holds(x_m, y_m))
