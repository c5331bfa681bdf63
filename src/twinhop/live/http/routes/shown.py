"""What the API shows of twins: state, history, forecast; plain values, taken on the machine's thread."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Annotated, Any, Generic, Literal, TypeVar

import numpy as np
from pydantic import ConfigDict, Field

from twinhop.errors import InputError
from twinhop.live.fold import TwinFold
from twinhop.live.spec import TwinSpec
from twinhop.scenario.fields import Section
from twinhop.twin import DeviceTwin
from twinhop.twin.behaviour.model import INTERVAL_SIGMAS
from twinhop.twin.dimension import Dimension
from twinhop.twin.records import Records

T = TypeVar("T")
Value = float | int | str | bool
"""An attribute or a setting."""
Measured = float | str | list[float]
"""A value of a dimension: a number, a category, or the coordinates of a position."""


class Answer(Section):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_serialization_defaults_required=True)


class Page(Answer, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="of the next page; null: there is none")


class Observation(Answer):
    """The newest value of a dimension."""

    value: Measured = Field(description="a number, a category, or the coordinates of a position [unit]")
    unit: str = Field(description="of the value; 1 for categories and counts")
    observed_s: float = Field(description="when it was observed, on the twin's time, since 1970 [s]")
    age_s: float = Field(description="by the host's clock [s]")


class TwinView(Answer):
    """A twin as it is now."""

    id: str
    host: str | None = Field(description="the logical host that runs it; null before it was placed")
    attributes: dict[str, Value] = Field(description="hardware and configuration by name")
    state: dict[str, Observation] = Field(description="by dimension; without those that were never observed")
    incarnation: int = Field(description="the newest start of the device that an update came from; 0 before the first")
    seq: int = Field(description="sequence number of that incarnation's newest update; 0 before the first")
    time_s: float | None = Field(description="when that was observed; null before the first [s]")
    revision: int = Field(description="number of changes of the twin")
    missing: int = Field(description="updates that never came")
    held: int = Field(description="updates that wait for others before them")
    counts: dict[str, int] = Field(description="what became of updates, by outcome or reason")
    set_aside: list[str] = Field(description="the last updates that were set aside, in words")
    clock_offset_s: float | None = Field(description="how far the device's clock is ahead, as far as known [s]")
    records: int = Field(description="records in the history")
    desired_version: int = Field(description="of the settings towards the device")
    spec: TwinSpec = Field(description="what the twin is made of")


class Record(Answer):
    """One record of the history."""

    number: int = Field(description="in the history; ascending, with gaps where updates are missing")
    incarnation: int | None = Field(description="the start of the device that it is from; null: no longer known")
    seq: int | None = Field(description="the device's sequence number; null where the incarnation is")
    time_s: float = Field(description="when it was observed, on the twin's time [s]")
    values: dict[str, Measured] = Field(description="by dimension; without those that were not in the update")


class HistoryPage(Page[Record]):
    """Records, the oldest first."""


class NumberForecast(Answer):
    """What is expected of numbers; one entry for each column of the dimension."""

    kind: Literal["number"] = "number"
    model: str = Field(description="kind of the behaviour model")
    unit: str
    mean: list[float | None] = Field(description="expected; null before anything is known")
    low: list[float | None] = Field(description="lower end of the interval; null: unbounded")
    high: list[float | None] = Field(description="upper end of the interval; null: unbounded")
    sigma: list[float | None] = Field(description="standard deviation of the forecast; null: not known")


class CategoryForecast(Answer):
    """What is expected of a category."""

    kind: Literal["category"] = "category"
    model: str = Field(description="kind of the behaviour model")
    probabilities: dict[str, float | None] = Field(description="by category; null before anything is known")


class Forecast(Answer):
    """What the behaviour models of a twin expect at a time."""

    twin: str
    at_s: float = Field(description="the time that is forecast, on the twin's time [s]")
    newest_s: float | None = Field(description="of the newest update; null: there is none [s]")
    level: float = Field(description="probability that the intervals are meant to hold the true value with")
    dimensions: dict[str, Annotated[NumberForecast | CategoryForecast, Field(discriminator="kind")]] = Field(
        description="by dimension; of those that have a behaviour model"
    )


def finite(number: float) -> float | None:
    """A number that JSON can hold; None for what it cannot.

    >>> finite(float("-inf")), finite(2)
    (None, 2.0)
    """
    return float(number) if math.isfinite(number) else None


def finite_or_none(number: float | None) -> float | None:
    """The same of a number that may be missing."""
    return None if number is None else finite(number)


def twin_view(fold: TwinFold, host: str, now_s: float) -> TwinView:
    """A twin as it is.

    Args:
        fold: of the twin.
        host: that runs it; empty before it was placed.
        now_s: by the host's clock [s].
    """
    twin = fold.twin
    return TwinView(
        id=twin.id,
        host=host or None,
        attributes=dict(twin.attributes),
        state=_observations(twin, now_s),
        incarnation=twin.incarnation,
        seq=twin.seq,
        time_s=finite(twin.time_s),
        revision=twin.revision,
        missing=twin.missing,
        held=len(fold.held),
        counts=dict(fold.counts),
        set_aside=list(fold.asides),
        clock_offset_s=finite(twin.clock.offset_s),
        records=len(twin.history),
        desired_version=twin.desired.version,
        spec=spec_of_twin(twin),
    )


def spec_of_twin(twin: DeviceTwin) -> TwinSpec:
    """What a twin is made of, as it could be created anew."""
    return TwinSpec(
        state_schema=twin.schema,
        models={name: model.kind for name, model in twin.models.items()},
        retention=twin.history.retention,
        max_ahead_s=twin.clock.max_ahead_s,
        max_behind_s=twin.clock.max_behind_s,
    )


def _observations(twin: DeviceTwin, now_s: float) -> dict[str, Observation]:
    observed_s = dict(zip((each.name for each in twin.schema.dimensions), twin.observed_s.tolist(), strict=True))
    return {
        name: Observation(
            value=_measured(value),
            unit=twin.schema.dimension(name).unit,
            observed_s=observed_s[name],
            age_s=now_s - observed_s[name],
        )
        for name, value in twin.values().items()
    }


def _measured(value: Any) -> Measured:
    return list(value) if isinstance(value, tuple) else value


def history_records(
    fold: TwinFold, after: int, from_s: float | None, to_s: float | None, limit: int
) -> tuple[list[Record], bool]:
    """Records of a twin's history, the oldest first; of as many chunks as the page needs.

    Args:
        fold: of the twin.
        after: number of the last record that is known already; 0: none is.
        from_s: records observed before are left out; None: none is [s].
        to_s: records observed later are left out; None: none is [s].
        limit: records at most.

    Returns:
        The records, and whether more follow.
    """
    twin, parts, count = fold.twin, [], 0
    start = bisect_right(twin.history.chunks, after, key=lambda chunk: int(chunk.records.seq[-1]))
    for run in [*(chunk.records for chunk in twin.history.chunks[start:]), twin.history.tail()]:
        first = int(np.searchsorted(run.seq, after, "right"))
        if from_s is not None:
            first = max(first, int(np.searchsorted(run.time_s, from_s)))
        last = len(run) if to_s is None else int(np.searchsorted(run.time_s, to_s, "right"))
        part = run.part(first, min(last, first + limit + 1 - count))
        parts.append(part)
        count += len(part)
        if count > limit or last < len(run):
            break
    records = Records.joined(parts, twin.schema.width)
    starts = twin.incarnations.starts
    columns = zip(records.seq.tolist(), records.time_s.tolist(), records.values, strict=True)
    return [_record(twin, starts, *each) for each, _ in zip(columns, range(limit), strict=False)], count > limit


def _record(
    twin: DeviceTwin, starts: Sequence[tuple[int, int]], number: int, time_s: float, values: np.ndarray
) -> Record:
    at = bisect_right(starts, number - 1, key=lambda start: start[1]) - 1
    incarnation, base = starts[at] if at >= 0 else (None, 0)
    return Record(
        number=number,
        incarnation=incarnation,
        seq=None if incarnation is None else number - base,
        time_s=time_s,
        values={name: _measured(value) for name, value in twin.schema.named(values).items()},
    )


def forecast_of(fold: TwinFold, at_s: float, level: float) -> Forecast:
    """What the behaviour models of a twin expect.

    The forecast of a number is a normal variable: its model gives mean and variance, and the interval is
    ``mean -+ z sigma`` with z the quantile of the normal distribution at ``(1 + level) / 2``. Of a category it is the
    probability of each.

    Args:
        fold: of the twin.
        at_s: the time, not before the newest update [s].
        level: probability of the interval, in (0, 1).

    Raises:
        InputError: the time is before the newest update.
    """
    twin = fold.twin
    if at_s < twin.time_s:
        raise InputError(
            f"at_s: {at_s:.10g} is before the newest update, of {twin.time_s:.10g} s; what was is in the history"
        )
    wide = NormalDist().inv_cdf((1 + level) / 2) / INTERVAL_SIGMAS
    dimensions = {
        name: _forecast(twin.schema.dimension(name), model, at_s, wide) for name, model in twin.models.items()
    }
    return Forecast(twin=twin.id, at_s=at_s, newest_s=finite(twin.time_s), level=level, dimensions=dimensions)


def _forecast(dimension: Dimension, model: Any, at_s: float, wide: float) -> NumberForecast | CategoryForecast:
    prediction = model.predict(at_s)
    if model.of_categories:
        shares = map(finite, prediction.mean.tolist())
        return CategoryForecast(model=model.kind, probabilities=dict(zip(dimension.categories, shares, strict=True)))
    mean, half = prediction.mean, (prediction.high - prediction.low) / 2
    return NumberForecast(
        model=model.kind,
        unit=dimension.unit,
        mean=[finite(each) for each in mean],
        low=[finite(each) for each in mean - wide * half],
        high=[finite(each) for each in mean + wide * half],
        sigma=[finite(each) for each in half / INTERVAL_SIGMAS],
    )


def same_twin(fold: TwinFold, spec: TwinSpec, attributes: Mapping[str, Any]) -> bool:
    """Whether a twin is what a creation asks for."""
    return spec_of_twin(fold.twin) == spec and dict(fold.twin.attributes) == dict(attributes)
