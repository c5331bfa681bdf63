"""The twin of a service (Eq. 2): members' extracts, aggregates of them, and models of how the aggregates behave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.behaviour.model import BehaviourModel, Prediction
from twinhop.twin.behaviour.registry import require_suitable
from twinhop.twin.service.aggregate import Aggregate, Extract, FloatArray
from twinhop.twin.service.extraction import Extraction
from twinhop.twin.service.membership import Membership


class Fed(StrEnum):
    """What an update did to a service twin."""

    JOINED = "joined"
    CHANGED = "changed"
    LEFT = "left"
    OUTSIDE = "outside"
    STRANGER = "stranger"
    OLD = "old"


@dataclass(frozen=True)
class Staleness:
    """How old the inputs of a service twin are; all NaN and no name without members.

    Attributes:
        mean_s: mean age over the members [s].
        peak_s: age of the oldest input [s].
        oldest: the device twin that it is of, the first of equals by name.
    """

    mean_s: float
    peak_s: float
    oldest: str | None


@dataclass(slots=True)
class _Source:
    """What is known of one device twin."""

    number: int
    may_join: bool
    extract: tuple[float, ...]
    incarnation: int = 0
    seq: int = -1
    time_s: float = -np.inf
    member: bool = False


#: The arrays of all device twins: kinds of their type, and shape.
_SOURCE_ARRAYS = {
    "twin_ids": ("U", ("twins",)),
    "number": ("i", ("twins",)),
    "may_join": ("b", ("twins",)),
    "member": ("b", ("twins",)),
    "incarnation": ("i", ("twins",)),
    "seq": ("i", ("twins",)),
    "time_s": ("f", ("twins",)),
    "extract": ("f", ("twins", "width")),
    "numbers": ("i", ()),
}
_TYPES = {"U": "texts", "i": "whole numbers", "b": "truth values", "f": "numbers"}


class ServiceTwin:
    """The twin of one service, fed with the updates of device twins.

    Each update changes the aggregates by what is new in it. The state at any time follows from the members' last known
    extracts alone (and, for flows, the moves in the window): not from the order in which they came.

    Args:
        name: of the service.
        extraction: the chosen dimensions.
        membership: which device twins are members.
        aggregates: by name.
        models: behaviour models of aggregates, by the aggregate's name; they learn at `close_period`.
        position: the chosen dimension that a polygon looks at; needed where the membership has one.

    Raises:
        InputError: a polygon without a position, a model of no aggregate or of another width than its aggregate, or a
            dot in an aggregate's name.
    """

    def __init__(
        self,
        name: str,
        extraction: Extraction,
        membership: Membership,
        aggregates: Mapping[str, Aggregate],
        models: Mapping[str, BehaviourModel] | None = None,
        position: str | None = None,
    ) -> None:
        if membership.polygon is not None and position is None:
            raise InputError(f"service {name}: a polygon needs `position`, the name of the dimension that it looks at")
        unknown = set(models or {}) - set(aggregates)
        if unknown:
            raise InputError(f"service {name}: a model of {sorted(unknown)[0]!r}, which is no aggregate")
        if any("." in each for each in aggregates):
            raise InputError(f"service {name}: names of aggregates hold no dot (got {', '.join(aggregates)})")
        _require_models(name, aggregates, models or {})
        self.name = name
        self._extraction, self._membership = extraction, membership
        self._aggregates, self._models = dict(aggregates), dict(models or {})
        self._position = None if position is None else extraction.position(position)
        self._sources: dict[str, _Source] = {}
        self._numbers = 0
        self._members = 0

    @property
    def members(self) -> int:
        """Device twins that are members now."""
        return self._members

    def describe(self, twin_id: str, attributes: Mapping[str, float | str | bool]) -> Fed:
        """Tell, or tell anew, what a device is, which its membership may depend on.

        Args:
            twin_id: of the device twin.
            attributes: of the device.

        Returns:
            Whether the twin joined or left by that.
        """
        source = self._sources.get(twin_id)
        may_join = self._membership.may_join(twin_id, attributes)
        if source is None:
            source = self._new(twin_id, may_join)
        source.may_join = may_join
        return self._settle(source, source.extract, source.time_s)

    def feed(self, twin_id: str, seq: int, time_s: float, values: FloatArray, incarnation: int = 1) -> Fed:
        """Take in one update of a device twin.

        Args:
            twin_id: of the device twin; one that was not described before has no attributes.
            seq: number of the update in its twin; one that is not above the last of its incarnation is old, and
                changes nothing.
            time_s: of the update, on the twin's axis; one before the twin's last counts as that [s].
            values: (width,) state vector, NaN for what the update does not hold.
            incarnation: which start of the device it is from; of an older one it is old.

        Returns:
            What it did.

        Raises:
            InputError: the vector has another shape, a number is infinite, a position is known in part, or the time is
                not finite; the state is as before. None of it can come from a device twin.
        """
        source = self._sources.get(twin_id)
        if source is None:
            source = self._new(twin_id, self._membership.may_join(twin_id, {}))
        if (incarnation, seq) <= (source.incarnation, source.seq):
            return Fed.OLD
        if not -np.inf < time_s < np.inf:
            raise InputError(f"time_s: got {time_s:g}; expected a finite number")
        extract = self._extraction.merged(source.extract, values)
        source.incarnation, source.seq, source.time_s = incarnation, seq, max(time_s, source.time_s)
        return self._settle(source, extract, source.time_s)

    def forget(self, twin_id: str, time_s: float) -> Fed:
        """A device twin is gone for good; a later update of it begins anew."""
        source = self._sources.get(twin_id)
        if source is None:
            return Fed.STRANGER
        source.may_join = False
        done = self._settle(source, source.extract, time_s)
        del self._sources[twin_id]
        return done

    def value(self, aggregate: str) -> FloatArray:
        """An aggregate as it is now.

        Raises:
            InputError: there is no aggregate of that name.
        """
        if aggregate not in self._aggregates:
            raise InputError(f"{aggregate}: is no aggregate; accepted: {', '.join(self._aggregates)}")
        return self._aggregates[aggregate].value()

    def inputs(self) -> dict[str, tuple[int, int]]:
        """What the state follows from: incarnation and number of the last update of every member's twin."""
        return {name: (source.incarnation, source.seq) for name, source in self._sources.items() if source.member}

    def staleness(self, time_s: float) -> Staleness:
        """How old the members' last updates are.

        Args:
            time_s: now [s].
        """
        last = [(source.time_s, name) for name, source in self._sources.items() if source.member]
        if not last:
            return Staleness(np.nan, np.nan, None)
        oldest_s, oldest = min(last)
        ages = np.sort(time_s - np.array([each for each, _ in last]))
        return Staleness(float(ages.mean()), time_s - oldest_s, oldest)

    def close_period(self, time_s: float) -> None:
        """Let the models learn from the aggregates of the period that ends; one with unknown numbers is left out."""
        for name, model in self._models.items():
            value = self._aggregates[name].value().ravel()
            if np.isfinite(value).all():
                model.update(time_s, value)

    def forecast(self, aggregate: str, time_s: float) -> Prediction:
        """What the model of an aggregate expects at a time.

        Raises:
            InputError: the aggregate has no model.
        """
        if aggregate not in self._models:
            raise InputError(f"{aggregate}: has no behaviour model; those that have: {', '.join(self._models) or '-'}")
        return self._models[aggregate].predict(time_s)

    def arrays(self) -> dict[str, NDArray]:
        """The whole state as arrays of numbers and names; copies."""
        sources = list(self._sources.values())
        packed: dict[str, NDArray] = {
            "twin_ids": np.array(list(self._sources), dtype=np.str_),
            "number": np.array([each.number for each in sources], dtype=np.int64),
            "may_join": np.array([each.may_join for each in sources], dtype=np.bool_),
            "member": np.array([each.member for each in sources], dtype=np.bool_),
            "incarnation": np.array([each.incarnation for each in sources], dtype=np.int64),
            "seq": np.array([each.seq for each in sources], dtype=np.int64),
            "time_s": np.array([each.time_s for each in sources], dtype=np.float64),
            "extract": np.array([each.extract for each in sources], dtype=np.float64).reshape(
                len(sources), len(self._extraction.nothing)
            ),
            "numbers": np.array(self._numbers),
        }
        for kind, parts in (("aggregate", self._aggregates), ("model", self._models)):
            for name, part in parts.items():
                packed |= {f"{kind}.{name}.{key}": array for key, array in part.arrays().items()}
        return packed

    def restore(self, arrays: Mapping[str, NDArray]) -> None:
        """Take up the state that `arrays` gave, bit for bit.

        The twin must be as it was made, with the same extraction, membership, aggregates and models. Arrays without
        incarnations, as version 0.1 made them, are of the first.

        Raises:
            InputError: the twin has been fed already, an array is missing or of another type or shape, or a model is of
                another width than its aggregate.
        """
        if self._sources:
            raise InputError(f"service {self.name}: has been fed already; restore a new one")
        sources = _sources(f"service {self.name}", arrays, len(self._extraction.nothing))
        models = {
            name: type(model).from_arrays(_below(arrays, f"model.{name}.")) for name, model in self._models.items()
        }
        _require_models(self.name, self._aggregates, models)
        self._numbers, self._models, self._sources = int(arrays["numbers"]), models, sources
        for source in sources.values():
            self._members += source.member
            if source.member:
                self._change(source.number, None, source.extract, source.time_s)
        for name, aggregate in self._aggregates.items():
            aggregate.restore(_below(arrays, f"aggregate.{name}."))

    def _new(self, twin_id: str, may_join: bool) -> _Source:
        source = _Source(self._numbers, may_join, self._extraction.nothing)
        self._sources[twin_id] = source
        self._numbers += 1
        return source

    def _settle(self, source: _Source, extract: tuple[float, ...], time_s: float) -> Fed:
        """Hold a twin's extract against the rule, and change the aggregates by the difference."""
        before = source.extract if source.member else None
        source.extract = extract
        if not source.may_join or source.seq < 0:
            after = None
        elif self._position is None:
            after = extract
        else:
            after = (
                extract if self._membership.is_inside(extract[self._position[0]], extract[self._position[1]]) else None
            )
        if before is None and after is None:
            return Fed.OUTSIDE if source.may_join else Fed.STRANGER
        source.member = after is not None
        self._members += (after is not None) - (before is not None)
        self._change(source.number, before, after, time_s)
        if before is None:
            return Fed.JOINED
        return Fed.LEFT if after is None else Fed.CHANGED

    def _change(self, number: int, before: Extract, after: Extract, time_s: float) -> None:
        for aggregate in self._aggregates.values():
            aggregate.change(number, before, after, time_s)


def _sources(where: str, arrays: Mapping[str, NDArray], width: int) -> dict[str, _Source]:
    """The device twins among the arrays of a service twin.

    Raises:
        InputError: an array is missing, or of another type or shape.
    """
    twins = len(arrays["twin_ids"]) if np.ndim(arrays.get("twin_ids", 0)) else 0
    if "incarnation" not in arrays and np.ndim(arrays.get("seq", 0)) == 1:
        arrays = {
            **arrays,
            "incarnation": np.where(arrays["seq"] >= 0, 1, 0) if arrays["seq"].dtype.kind == "i" else arrays["seq"],
        }
    for name, (kinds, shape) in _SOURCE_ARRAYS.items():
        if name not in arrays:
            raise InputError(f"{where}: the array {name!r} is missing")
        array, expected = arrays[name], tuple({"twins": twins, "width": width}[each] for each in shape)
        if array.dtype.kind not in kinds or array.shape != expected:
            got = f"{array.dtype} of shape {array.shape}"
            raise InputError(f"{where}: the array {name!r} is {got}; expected {_TYPES[kinds]} of shape {expected}")
    columns = [
        arrays[name].tolist() for name in ("number", "may_join", "extract", "incarnation", "seq", "time_s", "member")
    ]
    rows = zip(arrays["twin_ids"].tolist(), *columns, strict=True)
    return {name: _Source(number, may, tuple(extract), *rest) for name, number, may, extract, *rest in rows}


def _require_models(service: str, aggregates: Mapping[str, Aggregate], models: Mapping[str, BehaviourModel]) -> None:
    for name, model in models.items():
        where, what = f"service {service}: models: {name}", f"the aggregate {name}"
        require_suitable(model, where, what, of_categories=False, entries=aggregates[name].value().size)


def _below(arrays: Mapping[str, NDArray], prefix: str) -> dict[str, NDArray]:
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
