"""`last`: everything stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from twinhop.migration.forecast import Forecast, present
from twinhop.migration.run import MigrationRun
from twinhop.migration.situation import Situation


class Last:
    """Expects of every slot what is seen in the present one; it learns nothing."""

    def observe(self, situation: Situation) -> None:
        """Nothing to learn."""

    def forecast(self, situation: Situation, slots: int) -> Iterator[Forecast]:
        """The present, again and again."""
        return repeat(present(situation), slots)


def last(run: MigrationRun) -> Last:
    """The predictor for a run."""
    return Last()


PREDICTOR = last
