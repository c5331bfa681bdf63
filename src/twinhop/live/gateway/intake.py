"""Bodies of updates, from JSON or msgpack, straight into what the journal takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import numpy as np

from twinhop.errors import InputError
from twinhop.live.entry import update_record
from twinhop.live.gateway.problems import Problem
from twinhop.twin import TwinSchema

Number = int | float
Value = Number | str | list[Number] | dict[str, Number]
"""A number, a category, coordinates, or ``{"lat_deg": ..., "lon_deg": ...}``."""
Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
MSGPACK = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")
JSON = ("application/json",)

_NUMBERS = (float, int)

Project = Callable[[float, float], tuple[float, float]]
"""From latitude and longitude [degree] to x and y [m]."""


class SentUpdate(msgspec.Struct, forbid_unknown_fields=True):
    """One update as a device sends it.

    Attributes:
        seq: sequence number, from 1 in every incarnation.
        values: by dimension, or the numbers of all dimensions in order.
        observed_s: when it was observed, by the device's clock, since 1970; None: the device has no clock [s].
        incarnation: number of the device's start.
    """

    seq: Count
    values: dict[str, Value] | list[Number]
    observed_s: float | None = None
    incarnation: Count = 1


class SentOfTwin(SentUpdate, forbid_unknown_fields=True, kw_only=True):
    """An update with the twin that it is of."""

    twin: str


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    """Updates of one twin."""

    updates: list[SentUpdate]


class BatchOfMany(msgspec.Struct, forbid_unknown_fields=True):
    """Updates of many twins."""

    updates: list[SentOfTwin]


_DECODERS: dict[Any, Any] = {
    (kind, packed): (msgspec.msgpack if packed else msgspec.json).Decoder(kind)
    for kind in (Batch, BatchOfMany, SentUpdate | list[SentUpdate])
    for packed in (False, True)
}


def decoded(body: bytes | bytearray | memoryview, kind: Any, packed: bool) -> Any:
    """The body of a message.

    Args:
        body: as it came.
        kind: `Batch`, `BatchOfMany`, or ``SentUpdate | list[SentUpdate]``.
        packed: whether it is msgpack; else it is JSON.

    Raises:
        Problem: ``bad-request``: it is none.

    >>> decoded(b'{"updates": [{"seq": 1, "values": {"load": 2}}]}', Batch, False).updates[0].values
    {'load': 2}
    """
    try:
        return _DECODERS[kind, packed].decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        form = "msgpack" if packed else "JSON"
        raise Problem("bad-request", f"the body is no {form} of updates: {str(error)[:300]}") from None


def is_packed(content_type: str) -> bool:
    """Whether a body is msgpack; JSON is what is sent without a type.

    Raises:
        Problem: ``unsupported-media-type``: it is neither.
    """
    name = content_type.partition(";")[0].strip().lower()
    if name in MSGPACK:
        return True
    if name in JSON or not name:
        return False
    raise Problem("unsupported-media-type", f"{name[:100]!r}: accepted: {JSON[0]}, {MSGPACK[0]}")


class Reader:
    """Reads the values of updates of one schema, without arrays where they are plain numbers.

    Args:
        schema: of the twins.
        project: where latitudes and longitudes are on the plane of the city; None: it has no place on earth.
    """

    def __init__(self, schema: TwinSchema, project: Project | None = None) -> None:
        self._schema, self._project, self._width = schema, project, schema.width
        self._plain = {
            each.name: (schema.columns(each.name).start, each.columns, *each.bounds)
            for each in schema.dimensions
            if each.kind != "category" and not each.whole
        }
        self._is_flat = len(self._plain) == len(schema.dimensions)
        self._bounds = [schema.bounds[:, column].tolist() for column in range(schema.width)]

    def record(self, head: bytes, sent: SentUpdate, received_s: float) -> bytes:
        """The record of an update.

        Args:
            head: of the records of its twin.
            sent: the update.
            received_s: the host's time [s].

        Raises:
            InputError: a dimension is unknown, a value does not fit, or a time is not finite.
        """
        observed_s = math.nan if sent.observed_s is None else sent.observed_s
        try:
            if sent.observed_s is not None and not math.isfinite(observed_s):
                raise InputError("observed_s: must be finite, or left out")
            return update_record(head, sent.incarnation, sent.seq, observed_s, received_s, self.numbers(sent.values))
        except InputError as error:
            raise InputError(f"update {sent.seq}: {error}") from None

    def numbers(self, values: dict[str, Value] | list[Number]) -> list[float] | list[Number]:
        """The state vector of values; NaN for dimensions that are missing.

        Raises:
            InputError: as `TwinSchema.vector`.
        """
        if isinstance(values, list):
            return self._of_list(values)
        numbers = [math.nan] * self._width
        for name, value in values.items():
            plain = self._plain.get(name)
            if plain is None:
                return self._slowly(values)
            start, columns, least, greatest = plain
            if columns == 1:
                if value.__class__ not in _NUMBERS or not least <= value <= greatest:  # pyright: ignore[reportOperatorIssue]
                    return self._slowly(values)
                numbers[start] = value  # pyright: ignore[reportArgumentType, reportCallIssue]
                continue
            if value.__class__ is not list or len(value) != columns:  # pyright: ignore[reportArgumentType]
                return self._slowly(values)
            for at, number in enumerate(value, start):  # pyright: ignore[reportArgumentType]
                if not least <= number <= greatest:  # pyright: ignore[reportOperatorIssue]
                    return self._slowly(values)
                numbers[at] = number  # pyright: ignore[reportArgumentType, reportCallIssue]
        return numbers

    def _of_list(self, values: list[Number]) -> list[float] | list[Number]:
        if len(values) != self._width:
            raise InputError(f"values: {len(values)} numbers; expected {self._width}: {names_of(self._schema)}")
        if self._is_flat and all(
            least <= number <= greatest for number, (least, greatest) in zip(values, self._bounds, strict=True)
        ):
            return values
        try:
            numbers = np.array(values, float)
        except OverflowError:
            raise InputError("values: a number is too large") from None
        if not np.isfinite(numbers).all():
            raise InputError("values: must be finite; send values by dimension to leave some out")
        self._schema.check(numbers)
        return numbers.tolist()

    def _slowly(self, values: dict[str, Value]) -> list[float]:
        placed = {
            name: _placed(value, self._project) if isinstance(value, dict) else value for name, value in values.items()
        }
        return self._schema.vector(placed).tolist()


@lru_cache(256)
def names_of(schema: TwinSchema) -> str:
    """The dimensions of a schema in words."""
    return ", ".join(f"{each.name} ({each.columns})" for each in schema.dimensions)


def _placed(value: dict[str, Number], project: Project | None) -> Sequence[float]:
    if set(value) != {"lat_deg", "lon_deg"}:
        raise InputError("a position as an object has lat_deg and lon_deg, and nothing else")
    latitude, longitude = float(value["lat_deg"]), float(value["lon_deg"])
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InputError("lat_deg must be in -90 to 90, and lon_deg in -180 to 180")
    if project is None:
        raise InputError("the city has no place on earth; send positions as [x, y] in m")
    return project(latitude, longitude)
