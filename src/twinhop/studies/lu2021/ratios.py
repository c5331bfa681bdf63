"""The ratios of Fig. 10, the paper's and ours, along both ways from the fewest to the most."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.stats.bootstrap import band_interval
from twinhop.studies.lu2021.claims import CLOCK
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting


class Ratios(NamedTuple):
    """How many times as long training takes.

    Both ways lead from (80, 5) to (100, 10): their products are the same ratio.
    """

    users_at_few: float
    """N = 100 over 80, at M = 5"""
    stations_at_many: float
    """M = 10 over 5, at N = 100"""
    stations_at_few: float
    """M = 10 over 5, at N = 80"""
    users_at_many: float
    """N = 100 over 80, at M = 10"""

    @property
    def by_users_first(self) -> float:
        """The whole way, users first."""
        return self.users_at_few * self.stations_at_many

    @property
    def by_stations_first(self) -> float:
        """The whole way, stations first.

        >>> round(PRINTED.by_users_first, 2), round(PRINTED.by_stations_first, 2)
        (2.38, 1.96)
        """
        return self.stations_at_few * self.users_at_many


#: Increases of 22, 95, 57 and 25 %, as the text of section VI has them.
PRINTED = Ratios(1.22, 1.95, 1.57, 1.25)


def measured(results: Results, algorithm: str, square: tuple[Setting, Setting, Setting, Setting]) -> Ratios:
    """The ratios of interquartile means of training times.

    Args:
        results: of a folder.
        algorithm: whose runs count.
        square: (few, few), (many users, few stations), (few users, many stations), (many, many).
    """
    few, wide, tall, many = (middle(results, algorithm, setting) for setting in square)
    return Ratios(wide / few, many / wide, tall / few, many / tall)


def middle(results: Results, algorithm: str, setting: Setting) -> float:
    """Interquartile mean of the time that a whole run takes [s]."""
    seconds: FloatArray = results.seconds(algorithm, setting, CLOCK)[:, -1]
    ends = band_interval([seconds])
    return float(np.mean(seconds)) if ends is None else ends[0]
