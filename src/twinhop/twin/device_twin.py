"""The twin of one device: Theta = (D, S, M), what is known of it, what happened, and how it behaves (Eq. 1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.twin.answer import Applied, Outcome
from twinhop.twin.behaviour.registry import require_suitable
from twinhop.twin.history import History, Retention
from twinhop.twin.identity import make_identity
from twinhop.twin.records import Update
from twinhop.twin.schema import TwinSchema

if TYPE_CHECKING:
    from twinhop.twin.behaviour.model import BehaviourModel

LARGEST_SEQ = 2**63 - 1
MOST_AHEAD_S = 1.0
"""Device clocks may be ahead of the twin's by this much unless something else is said [s]."""


class DeviceTwin:
    """The twin of one device.

    It is deterministic: the same updates at the same times give the same bits, also where it was packed and resumed in
    between. Sequence numbers begin with 1.

    Args:
        twin_id: unique name.
        schema: the dimensions of its state.
        attributes: hardware and configuration by name.
        models: behaviour models M by the name of their dimension.
        retention: how much of the history is kept; without it, all.
        max_ahead_s: how far ahead of the twin's clock an update may have been observed [s].

    Raises:
        InputError: an id, attribute, dimension or limit will not do, or a model cannot predict its dimension.

    >>> from twinhop.twin import Dimension
    >>> schema = TwinSchema(dimensions=(Dimension(name="speed", kind="scalar", unit="m/s"),))
    >>> twin = DeviceTwin("car-1", schema)
    >>> twin.apply(Update(1, 10.0, schema.vector({"speed": 12.5})), now_s=10.1).outcome.value
    'applied'
    >>> twin.apply(Update(4, 13.0, schema.vector({"speed": 14.0})), now_s=13.1).missing
    (2, 3)
    >>> twin.values()
    {'speed': 14.0}
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
    ) -> None:
        if not 0 <= max_ahead_s < math.inf:
            raise InputError(f"max_ahead_s: got {max_ahead_s}; expected a finite time of 0 s or more")
        self._identity = make_identity(twin_id, attributes or {})
        self._schema = schema
        self._max_ahead_s = float(max_ahead_s)
        self._state = np.full(schema.width, math.nan)
        self._observed_s = np.full(len(schema.dimensions), -math.inf)
        self._observed_seq = np.zeros(len(schema.dimensions), np.int64)
        self._history = History(schema.width, retention)
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
        max_ahead_s: float,
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
        twin = cls(twin_id, schema, attributes=attributes, models=models, max_ahead_s=max_ahead_s)
        check_observations(schema, state, observed_s, observed_seq, history)
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
    def max_ahead_s(self) -> float:
        """How far ahead of the twin's clock an update may have been observed [s]."""
        return self._max_ahead_s

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
        """(dimensions,) copy of which update each value came with; 0 where there is none yet."""
        return self._observed_seq.copy()

    @property
    def seq(self) -> int:
        """Sequence number of the newest update; 0 before the first."""
        return self._history.last_seq

    @property
    def time_s(self) -> float:
        """When that was observed; minus infinity before the first [s]."""
        return self._history.last_time_s

    @property
    def revision(self) -> int:
        """Number of changes: of the state, of the history, of the attributes."""
        return self._revision

    @property
    def missing(self) -> int:
        """Number of updates that never came."""
        return self.seq - self._history.taken

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

    def apply(self, update: Update, now_s: float) -> Applied:
        """Take an update.

        An update with the next sequence number, or with a later one (a gap), changes state, history and models. One
        that was missing goes into its place in the open tail of the history, and into the state where nothing newer is
        known; models have gone on and do not learn from it. All others change nothing, so that an update applied
        twice is applied once.

        Args:
            update: what the device sent.
            now_s: the time, on the twin's own axis [s].

        Returns:
            What became of it.

        Raises:
            InputError: the update does not fit the schema, or its time runs backwards; the twin is as before.
        """
        answer = self.judge(update, now_s)
        if not answer.changed:
            return answer
        if answer.outcome is Outcome.LATE:
            self._history.insert(update.seq, update.time_s, update.values)
        else:
            self._learn(update)
            self._history.append(update.seq, update.time_s, update.values)
        self._observe(update)
        self._revision += 1
        return answer

    def judge(self, update: Update, now_s: float) -> Applied:
        """What `apply` would answer; the twin stays as it is.

        Args:
            update: what the device sent.
            now_s: the time, on the twin's own axis [s].

        Raises:
            InputError: as `apply`.
        """
        seq, time_s = update.seq, update.time_s
        if type(seq) is not int or not 0 < seq <= LARGEST_SEQ:
            raise InputError(f"twin {self.id!r}: update {seq!r}: expected a whole sequence number from 1")
        if not isinstance(time_s, float | int) or not -math.inf < time_s < math.inf:
            raise InputError(f"twin {self.id!r}: update {seq}: time_s: got {time_s!r}; expected a finite time")
        try:
            self._schema.check(update.values)
        except InputError as error:
            raise InputError(f"twin {self.id!r}: update {seq}: {error}") from None
        newest = self._history.last_seq
        if seq <= newest:
            return self._judge_past(update)
        if not time_s <= now_s + self._max_ahead_s:
            return Applied(Outcome.FUTURE, newest)
        if time_s < self._history.last_time_s:
            self._refuse_time(update, self._history.last_time_s, math.inf)
        if seq == newest + 1:
            return Applied(Outcome.APPLIED, seq)
        return Applied(Outcome.GAP, seq, (newest + 1, seq - 1))

    def _judge_past(self, update: Update) -> Applied:
        """The answer to an update that is not newer than the newest."""
        known = self._history.find(update.seq)
        if known is not None:
            same = known.time_s[0] == update.time_s and np.array_equal(known.values[0], update.values, equal_nan=True)
            return Applied(Outcome.DUPLICATE if same else Outcome.CONFLICT, self.seq)
        place = self._history.place(update.seq)
        if place is None:
            return Applied(Outcome.TOO_LATE, self.seq)
        if not place[0] <= update.time_s <= place[1]:
            self._refuse_time(update, *place)
        return Applied(Outcome.LATE, self.seq)

    def _refuse_time(self, update: Update, after_s: float, before_s: float) -> None:
        raise InputError(
            f"twin {self.id!r}: update {update.seq}: time runs backwards: observed at {update.time_s:.10g} s; expected "
            f"from {after_s:.10g} s to {before_s:.10g} s, as its neighbours in the sequence say"
        )

    def _learn(self, update: Update) -> None:
        for columns, model in self._learners:
            value = update.values[columns]
            if value[0] == value[0]:
                model.update(update.time_s, value)

    def _observe(self, update: Update) -> None:
        """Write the dimensions of an update into the state where nothing newer is known."""
        schema, values = self._schema, update.values
        newer = (values == values) & (self._observed_seq < update.seq)[schema.owners]
        self._state[newer] = values[newer]
        dimensions = schema.owners[newer]
        self._observed_s[dimensions] = update.time_s
        self._observed_seq[dimensions] = update.seq


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
