"""What a predictor of users' movement is, and where predictors are found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Protocol

from twinhop.migration.forecast import Forecast
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation


class Predictor(Protocol):
    """Learns how users move as a run goes on, and says what it expects. One object serves one run."""

    def observe(self, situation: Situation) -> None:
        """Learn from a slot; called once in each slot with served users, before any forecast of it."""
        ...

    def forecast(self, situation: Situation, slots: int) -> Iterator[Forecast]:
        """What is expected from a slot on.

        Args:
            situation: the slot that was observed last.
            slots: how many, the slot itself included, which is known.

        Yields:
            That many forecasts, or fewer where the run is known to end; the first is the slot itself.
        """
        ...


#: Predictors, imported when first asked for: modules with a `PREDICTOR`, which makes one for a run.
PREDICTORS = {name: f"twinhop.migration.predictors.{name}" for name in ("last", "kalman", "next_station", "oracle")}


def predictor_of(name: str, run: MigrationRun) -> Predictor:
    """A fresh predictor for a run, by its name in `PREDICTORS`."""
    make: Callable[[MigrationRun], Predictor] = import_module(PREDICTORS[name]).PREDICTOR
    return make(run)
