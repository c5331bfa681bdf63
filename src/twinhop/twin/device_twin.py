"""The twin of one device: Theta = (D, S, M), what is known of it, what happened, and how it behaves (Eq. 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.answer import Applied, Outcome, Reason
from twinhop.twin.behaviour.registry import require_suitable
from twinhop.twin.desired import Desired, make_desired
from twinhop.twin.device_clock import LARGEST_TIME_S, MOST_AHEAD_S, MOST_BEHIND_S, DeviceClock
from twinhop.twin.history import History, Retention, phase_of
from twinhop.twin.identity import make_identity
from twinhop.twin.incarnations import Incarnations
from twinhop.twin.records import Update
from twinhop.twin.schema import TwinSchema

if TYPE_CHECKING:
    from twinhop.twin.behaviour.model import BehaviourModel

LARGEST_SEQ = 2**63 - 1
MOST_SKIPPED = 2**31
"""An update that would leave a larger hole is set aside: a wrong number must not make all that follow too late."""
LONGEST_SHOWN = 60


class DeviceTwin:
    """The twin of one device.

    It is deterministic: the same updates give the same bits, also where it was packed and resumed in between. What a
    device sends cannot harm it: each update is applied, a duplicate, or set aside with a reason, and none raises.

    Args:
        twin_id: unique name.
        schema: the dimensions of its state.
        attributes: hardware and configuration by name.
        models: behaviour models M by the name of their dimension.
        retention: how much of the history is kept; without it, all.
        max_ahead_s: how far ahead of its reception an update may have been observed [s].
        max_behind_s: how long before its reception it may have been observed [s].

    Raises:
        InputError: an id, attribute, dimension or limit will not do, or a model cannot predict its dimension.

    >>> from twinhop.twin import Dimension
    >>> schema = TwinSchema(dimensions=(Dimension(name="speed", kind="scalar", unit="m/s"),))
    >>> twin = DeviceTwin("car-1", schema)
    >>> twin.apply(Update(1, 10.0, schema.vector({"speed": 12.5}), received_s=10.1)).outcome.value
    'applied'
    >>> twin.apply(Update(4, 13.0, schema.vector({"speed": 14.0}), received_s=13.1)).missing
    (2, 3)
    >>> rebooted = Update(1, 1e9, schema.vector({"speed": 0.0}), incarnation=2, received_s=90.0)
    >>> twin.apply(rebooted).clock.value, twin.time_s
    ('ahead', 90.0)
    >>> twin.values()
    {'speed': 0.0}
    """

    def __init__(
        self,
        twin_id: str,
        schema: TwinSchema,
        *,
        attributes: Mapping[str, Any] | None = None,
        models: Mapping[str, BehaviourModel] | None = None,
        retention: Retention | None = None,
        max_ahead_s: float = MOST_AHEAD_S,
        max_behind_s: float = MOST_BEHIND_S,
    ) -> None:
        self._clock = DeviceClock(max_ahead_s, max_behind_s)
        self._identity = make_identity(twin_id, attributes or {})
        self._schema = schema
        self._state = np.full(schema.width, math.nan)
        self._observed_s = np.full(len(schema.dimensions), -math.inf)
        self._observed_seq = np.zeros(len(schema.dimensions), np.int64)
        self._history = History(schema.width, retention, phase_of(self._identity.id))
        self._incarnations = Incarnations()
        self._desired = Desired()
        self._models = dict(models or {})
        check_models(twin_id, schema, self._models)
        self._learners = [(schema.columns(name), model) for name, model in self._models.items()]
        self._revision = 0

    @classmethod
    def resumed(
        cls,
        twin_id: str,
        schema: TwinSchema,
        *,
        attributes: Mapping[str, Any],
        models: Mapping[str, BehaviourModel],
        clock: DeviceClock,
        incarnations: Incarnations,
        desired: Desired,
        history: History,
        state: NDArray[np.float64],
        observed_s: NDArray[np.float64],
        observed_seq: NDArray[np.int64],
        revision: int,
    ) -> DeviceTwin:
        """The twin that goes on from these parts, which it takes over; see the properties for what they are.

        Raises:
            InputError: they do not fit the schema or each other.
        """
        twin = cls(twin_id, schema, attributes=attributes, models=models)
        check_observations(schema, state, observed_s, observed_seq, history)
        incarnations.check(history.last_seq)
        twin._clock, twin._incarnations, twin._desired = clock, incarnations, desired
        twin._state, twin._observed_s, twin._observed_seq = state, observed_s, observed_seq
        twin._history, twin._revision = history, revision
        return twin

    @property
    def id(self) -> str:
        """Unique name."""
        return self._identity.id

    @property
    def attributes(self) -> Mapping[str, Any]:
        """Hardware and configuration by name."""
        return MappingProxyType(self._identity.attributes)

    @property
    def schema(self) -> TwinSchema:
        """The dimensions of the state."""
        return self._schema

    @property
    def models(self) -> Mapping[str, BehaviourModel]:
        """The behaviour models M by the name of their dimension."""
        return MappingProxyType(self._models)

    @property
    def history(self) -> History:
        """The history D; it is the twin's to change."""
        return self._history

    @property
    def clock(self) -> DeviceClock:
        """The device's clock as the twin sees it; it is the twin's to change."""
        return self._clock

    @property
    def incarnations(self) -> Incarnations:
        """The starts of the device, and where each begins in the history; they are the twin's to change."""
        return self._incarnations

    @property
    def desired(self) -> Desired:
        """What the device should take up, and the version of it."""
        return self._desired

    @property
    def state(self) -> NDArray[np.float64]:
        """(width,) copy of the state S: the newest value of each dimension, NaN where there is none yet."""
        return self._state.copy()

    @property
    def observed_s(self) -> NDArray[np.float64]:
        """(dimensions,) copy of when each value was observed; minus infinity where there is none yet [s]."""
        return self._observed_s.copy()

    @property
    def observed_seq(self) -> NDArray[np.int64]:
        """(dimensions,) copy of the number in the history of each value's update; 0 where there is none yet."""
        return self._observed_seq.copy()

    @property
    def incarnation(self) -> int:
        """The newest start of the device that an update came from; 0 before the first update."""
        return self._incarnations.newest

    @property
    def seq(self) -> int:
        """Sequence number of that incarnation's newest update; 0 before the first."""
        return self._history.last_seq - self._incarnations.base

    @property
    def time_s(self) -> float:
        """When that was observed, on the twin's axis; minus infinity before the first [s]."""
        return self._history.last_time_s

    @property
    def revision(self) -> int:
        """Number of changes: of state, history, attributes, desired settings and the clock's offset."""
        return self._revision

    @property
    def missing(self) -> int:
        """Number of updates that never came, of all incarnations."""
        return self._history.last_seq - self._history.taken

    def values(self) -> dict[str, Any]:
        """The state by the names of the dimensions, those without a value left out."""
        return self._schema.named(self._state)

    def age_s(self, now_s: float) -> NDArray[np.float64]:
        """(dimensions,) time since each value was observed; infinity where there is none yet [s].

        Args:
            now_s: the time, on the twin's own axis [s].
        """
        return now_s - self._observed_s

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Replace the attributes.

        Raises:
            InputError: a name or a value will not do.
        """
        self._identity = make_identity(self.id, attributes)
        self._revision += 1

    def set_desired(self, version: int, values: Mapping[str, Any]) -> None:
        """Replace the settings that the device should take up.

        Args:
            version: one more than the present one, so that of two who write at once one fails.
            values: by name: text, numbers, true or false.

        Raises:
            InputError: the version is another, or a name or a value will not do.
        """
        if version != self._desired.version + 1:
            raise InputError(
                f"twin {self.id!r}: desired: version {version!r}; expected {self._desired.version + 1}, one above the "
                "present one"
            )
        self._desired = make_desired(version, values, f"twin {self.id!r}: desired")
        self._revision += 1

    def set_clock_offset(self, offset_s: float) -> None:
        """Put in force how far the device's clock is ahead, from the next update on; `clock.due` says when [s].

        Raises:
            InputError: it is not finite, or beyond all times.
        """
        if not -2 * LARGEST_TIME_S <= offset_s <= 2 * LARGEST_TIME_S:
            raise InputError(
                f"twin {self.id!r}: clock offset: got {offset_s}; expected a time up to {2 * LARGEST_TIME_S:g} s, the "
                "difference of two"
            )
        self._clock.set_offset(offset_s)
        self._revision += 1

    def restart(self) -> None:
        """Take the next update for the first of its incarnation, whichever that is.

        For operators, where a device has sent a wrong incarnation and its right ones are superseded by it.
        """
        self._incarnations.restart(self._history.last_seq)
        self._clock.restart()
        self._revision += 1

    def apply(self, update: Update) -> Applied:
        """Take an update.

        An update of the newest incarnation with the next sequence number, or with a later one (a hole), changes state,
        history and models; so does one of a newer incarnation, which goes on from there. One that was missing goes into
        its place in the open tail of the history, and into the state where nothing newer is known; models have gone on
        and do not learn from it. All others change nothing, so that an update applied twice is applied once. The time
        of an observation is the device's where it can be believed, and else that of the reception.

        Args:
            update: what the device sent, and when it was received.

        Returns:
            What became of it.
        """
        return self._take(update, change=True)

    def judge(self, update: Update) -> Applied:
        """What `apply` would answer; the twin stays as it is.

        Args:
            update: what the device sent, and when it was received.
        """
        return self._take(update, change=False)

    def _take(self, update: Update, change: bool) -> Applied:
        fault = self._fault(update)
        if fault is not None:
            return self._aside(Reason.MALFORMED, f"update {_shown(update.seq)}: {fault}")
        observed_s, received_s = _times(update)
        if update.incarnation < self.incarnation:
            return self._take_old(update, observed_s, received_s, change)
        is_new = update.incarnation > self.incarnation
        newest = self._history.last_seq
        number = update.seq + (newest if is_new else self._incarnations.base)
        if number - newest > MOST_SKIPPED:
            return self._aside(
                Reason.MALFORMED, f"update {update.seq}: more than {MOST_SKIPPED} above the newest; expected the next"
            )
        if number > LARGEST_SEQ:
            return self._aside(Reason.MALFORMED, f"update {update.seq}: the history has no numbers left")
        if number <= newest:
            return self._take_past(number, update, observed_s, received_s, change)
        clock = self._clock
        if is_new and change:
            self._incarnations.begin(update.incarnation, newest, self._history.sealed.seq)
            clock.restart()
        judging = _fresh(clock) if is_new and not change else clock
        reading = judging.read(observed_s, received_s, self._history.last_time_s)
        first = (newest + 1) - (number - update.seq)
        missing = (first, update.seq - 1) if update.seq > first else None
        if change:
            clock.took(observed_s, received_s)
            self._learn(reading.time_s, update.values)
            self._history.append(number, reading.time_s, update.values)
            self._observe_newest(number, reading.time_s, update.values)
            self._revision += 1
        return Applied(Outcome.APPLIED, update.incarnation, update.seq, missing, clock=reading.state)

    def _take_old(self, update: Update, observed_s: float, received_s: float, change: bool) -> Applied:
        """An update of an incarnation before the newest."""
        span = self._incarnations.span(update.incarnation)
        shown = f"update {update.seq} of incarnation {update.incarnation}"
        if span is None:
            return self._aside(
                Reason.SEALED, f"{shown}: nothing is known any more of that one, or nothing came from it"
            )
        number = span.base + update.seq
        if number > span.last:
            return self._aside(
                Reason.SUPERSEDED,
                f"{shown}: incarnation {self.incarnation} began after update {span.last - span.base} of that one",
            )
        return self._take_past(number, update, observed_s, received_s, change)

    def _take_past(self, number: int, update: Update, observed_s: float, received_s: float, change: bool) -> Applied:
        """An update whose number is not above the newest of its incarnation."""
        known = self._history.find(number)
        if known is not None:
            if np.array_equal(known.values[0], update.values, equal_nan=True):
                return Applied(Outcome.DUPLICATE, self.incarnation, self.seq)
            return self._aside(
                Reason.CONFLICT, f"update {update.seq}: other values under that number are in the history"
            )
        place = self._history.place(number)
        if place is None:
            return self._aside(Reason.SEALED, f"update {update.seq}: its place in the history is sealed or forgotten")
        reading = self._clock.read_late(observed_s, received_s, place)
        if change:
            self._history.insert(number, reading.time_s, update.values)
            self._observe(number, reading.time_s, update.values)
            self._revision += 1
        return Applied(Outcome.APPLIED, self.incarnation, self.seq, late=True, clock=reading.state)

    def _aside(self, reason: Reason, detail: str) -> Applied:
        return Applied(Outcome.SET_ASIDE, self.incarnation, self.seq, reason=reason, detail=detail)

    def _fault(self, update: Update) -> str | None:
        """What is wrong with an update that no twin can take; None: nothing."""
        for name in ("seq", "incarnation"):
            value = getattr(update, name)
            if type(value) is not int or not 0 < value <= LARGEST_SEQ:
                return f"{name}: got {_shown(value)}; expected a whole number from 1 to {LARGEST_SEQ}"
        observed_s, received_s = update.observed_s, update.received_s
        if type(observed_s) not in (float, int):
            return f"observed_s: got {_shown(observed_s)}; expected a time, or NaN for none"
        received_s = observed_s if received_s is None else received_s
        if type(received_s) not in (float, int) or not -LARGEST_TIME_S <= received_s <= LARGEST_TIME_S:
            return f"received_s: got {_shown(received_s)}; expected a time up to {LARGEST_TIME_S:g} s"
        try:
            self._schema.check(update.values)
        except InputError as error:
            return str(error)
        return None

    def _learn(self, time_s: float, values: NDArray[np.float64]) -> None:
        for columns, model in self._learners:
            value = values[columns]
            if value[0] == value[0]:
                model.update(time_s, value)

    def _observe_newest(self, number: int, time_s: float, values: NDArray[np.float64]) -> None:
        """The same of an update that is newer than all before, which mostly holds every dimension."""
        if (values == values).all():
            self._state[:] = values
            self._observed_s[:] = time_s
            self._observed_seq[:] = number
        else:
            self._observe(number, time_s, values)

    def _observe(self, number: int, time_s: float, values: NDArray[np.float64]) -> None:
        """Write the dimensions of an update into the state where nothing newer is known."""
        owners = self._schema.owners
        newer = (values == values) & (self._observed_seq < number)[owners]
        self._state[newer] = values[newer]
        dimensions = owners[newer]
        self._observed_s[dimensions] = time_s
        self._observed_seq[dimensions] = number


def _shown(value: Any) -> str:
    return repr(value)[:LONGEST_SHOWN]


def _times(update: Update) -> tuple[float, float]:
    """Observed (NaN where no clock can show it) and received [s]."""
    received_s = float(update.observed_s if update.received_s is None else update.received_s)
    is_time = -LARGEST_TIME_S <= update.observed_s <= LARGEST_TIME_S
    return float(update.observed_s) if is_time else math.nan, received_s


def _fresh(clock: DeviceClock) -> DeviceClock:
    """The clock as it will be after a reboot."""
    again = DeviceClock(clock.max_ahead_s, clock.max_behind_s)
    again.set_offset(clock.offset_s)
    return again


def check_models(twin_id: str, schema: TwinSchema, models: Mapping[str, BehaviourModel]) -> None:
    """Refuse behaviour models that cannot predict their dimension.

    Args:
        twin_id: of the twin, for errors.
        schema: the dimensions.
        models: by the name of their dimension.

    Raises:
        InputError: there is no such dimension, or the model is of another kind or width.
    """
    for name, model in models.items():
        dimension = schema.dimension(name)
        codes = dimension.kind == "category"
        require_suitable(
            model,
            f"twin {twin_id!r}: models: {name}",
            f"a {dimension.kind}",
            of_categories=codes,
            entries=len(dimension.categories) if codes else dimension.columns,
        )


def check_observations(
    schema: TwinSchema,
    state: NDArray[np.float64],
    observed_s: NDArray[np.float64],
    observed_seq: NDArray[np.int64],
    history: History,
) -> None:
    """Refuse a state, and origins of its values, that no twin with this history can have.

    Args:
        schema: the dimensions.
        state: (width,) values, NaN where there is none.
        observed_s: (dimensions,) when each was observed, minus infinity where there is none [s].
        observed_seq: (dimensions,) which update each came with, 0 where there is none.
        history: of the twin.

    Raises:
        InputError: a shape, a type, a value, a time or a sequence number does not fit.
    """
    schema.check(state)
    shape = (len(schema.dimensions),)
    for name, array, kind in (("observed_s", observed_s, np.float64), ("observed_seq", observed_seq, np.int64)):
        if array.shape != shape or array.dtype != kind:
            raise InputError(f"{name}: {array.dtype} of shape {array.shape}; expected {kind.__name__} of shape {shape}")
    if not (observed_s <= history.last_time_s).all() or not (observed_seq <= history.last_seq).all():
        raise InputError(
            f"observed_s: later than the newest update, {history.last_seq} of {history.last_time_s:.10g} s"
        )
    empty = np.isnan(state)
    if (empty != np.isneginf(observed_s)[schema.owners]).any() or (empty != (observed_seq <= 0)[schema.owners]).any():
        raise InputError(
            "observed_s: expected minus infinity and update 0 for dimensions without a value, and no other"
        )
