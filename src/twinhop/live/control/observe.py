"""Who is there as a slot begins, and where: from the table of last positions, and the models of twins in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from twinhop.errors import InputError, TwinhopError
from twinhop.live.fold import TwinFold
from twinhop.placement.problem import FloatArray, IntArray

T = TypeVar("T")

#: The dimension in which a twin has its position.
POSITION = "position"
#: Forecasts that have not come by then are done without [s].
FORECAST_WAIT_S = 1.0


class RosterRows(Protocol):
    """The last known state of twins; see `Roster`."""

    ids: Any
    xy_m: Any
    load: Any
    observed_s: Any
    received_s: Any


class Roster(Protocol):
    """Last positions and loads, for which no twin is loaded."""

    def rows(self) -> RosterRows:
        """A consistent snapshot; from any thread."""
        ...


class Hosting(Protocol):
    """What the controller asks of a host: a `twinhop.live.Host`."""

    def now_s(self) -> float:
        """The time of day [s]."""
        ...

    def knows(self, twin: str) -> bool:
        """Whether there is such a twin."""
        ...

    def owners(self) -> Mapping[str, str]:
        """Twin -> logical host, empty before it was placed."""
        ...

    def ask_active(self, question: Callable[[TwinFold], T]) -> Future[dict[str, T]]:
        """Ask the twins that are in memory."""
        ...

    def move(self, twin: str, to: str) -> Future[Any]:
        """Move a twin to a logical host; gives its epoch and pause."""
        ...


@dataclass(frozen=True, eq=False)
class Observed:
    """The users that are there, in the order of their names.

    Attributes:
        ids: n names.
        xy_m: (n, 2) last known positions [m].
        load: (n,) by what their work is multiplied.
        age_s: (n,) how old the positions are [s].
        expected_m: (n, 2) where they are expected to be at the end of the horizon; as `xy_m` where no model says [m].
        forecast: how many a model foretold.
    """

    ids: tuple[str, ...]
    xy_m: FloatArray
    load: FloatArray
    age_s: FloatArray
    expected_m: FloatArray
    forecast: int


def position_at(time_s: float) -> Callable[[TwinFold], tuple[float, float] | None]:
    """The question to a twin where it will be at a time [s]; it answers nothing where it has no model that knows."""

    def question(fold: TwinFold) -> tuple[float, float] | None:
        twin = fold.twin
        model = twin.models.get(POSITION)
        if model is None:
            return None
        try:
            mean = model.predict(max(time_s, twin.time_s)).mean
        except InputError:
            return None
        if len(mean) != 2 or not np.isfinite(mean).all():
            return None
        return float(mean[0]), float(mean[1])

    return question


def users_there(rows: RosterRows, now_s: float, gone_s: float) -> IntArray:
    """Which rows are users that are there: those with a position whose last update is no older than `gone_s` [s]."""
    received_s, xy_m = np.asarray(rows.received_s, float), np.asarray(rows.xy_m, float).reshape(-1, 2)
    return np.flatnonzero((now_s - received_s <= gone_s) & np.isfinite(xy_m).all(axis=1))


def observe(hosting: Hosting, roster: Roster, now_s: float, gone_s: float, horizon_s: float) -> Observed:
    """Who is there, and where.

    Args:
        hosting: whose twins in memory forecast.
        roster: of all twins.
        now_s: the time of day [s].
        gone_s: users whose last update is older are not there [s].
        horizon_s: how far positions are forecast [s]; 0: not.
    """
    rows = roster.rows()
    there, xy_m = users_there(rows, now_s, gone_s), np.asarray(rows.xy_m, float).reshape(-1, 2)
    there = there[np.argsort(np.array([rows.ids[at] for at in there.tolist()], dtype=object), kind="stable")]
    ids = tuple(rows.ids[at] for at in there.tolist())
    load = np.asarray(rows.load, float)[there]
    xy_m = xy_m[there]
    expected_m, forecast = xy_m.copy(), 0
    answers = _forecasts(hosting, now_s + horizon_s) if horizon_s > 0 and ids else {}
    for at, user in enumerate(ids):
        answer = answers.get(user)
        if answer is not None:
            expected_m[at] = answer
            forecast += 1
    return Observed(
        ids=ids,
        xy_m=xy_m,
        load=np.where(np.isfinite(load) & (load >= 0), load, 1.0),
        age_s=np.maximum(now_s - np.asarray(rows.observed_s, float)[there], 0.0),
        expected_m=expected_m,
        forecast=forecast,
    )


def _forecasts(hosting: Hosting, time_s: float) -> Mapping[str, tuple[float, float] | None]:
    try:
        return hosting.ask_active(position_at(time_s)).result(FORECAST_WAIT_S)
    except (TimeoutError, TwinhopError):
        return {}
