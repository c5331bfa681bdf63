"""The terms of a cost, and the ways in which the paper's costs can be read."""

from __future__ import annotations

from typing import NamedTuple

from twinhop.placement.problem import FloatArray
from twinhop.studies.lu2021.setting import Setting

SLOTS = 25
"""Of an episode."""


class Terms(NamedTuple):
    """The cost by terms, arrays of one shape."""

    communication: FloatArray
    """mean over users [s]"""
    computing: FloatArray
    """mean over users [s]"""
    opening: FloatArray
    """of all opened stations [s]"""
    energy: FloatArray
    """mean over users, in seconds that it is worth [s]"""

    @property
    def latency(self) -> FloatArray:
        """Mean latency of users [s]: the time cost of Fig. 9."""
        return self.communication + self.computing

    @property
    def cost(self) -> FloatArray:
        """The system cost of Eq. 26 [s]."""
        return self.latency + self.opening + self.energy


class Reading(NamedTuple):
    """A way of reading what the figures show.

    Attributes:
        name: in words.
        formula: of the terms and the setting.
    """

    name: str
    formula: str

    def of(self, terms: Terms, setting: Setting) -> FloatArray:
        """The value of the terms under this reading [s].

        >>> import numpy as np
        >>> one = Terms(*(np.array([value]) for value in (1.0, 0.5, 0.2, 0.1)))
        >>> [float(reading.of(one, Setting(100, 5))[0]) for reading in READINGS]
        [1.8, 150.3, 1.5, 150.0, 0.3]
        """
        latency = terms.latency
        others = terms.opening + terms.energy
        return {
            "T + C": latency + others,
            "N T + C": setting.users * latency + others,
            "T": latency,
            "N T": setting.users * latency,
            "T / M": latency / setting.stations,
        }[self.formula]


#: T is the mean latency, C opening and energy. The last one is Eq. 17 as printed.
READINGS = (
    Reading("system cost, mean over users", "T + C"),
    Reading("system cost, sum over users", "N T + C"),
    Reading("time cost, mean over users", "T"),
    Reading("time cost, sum over users", "N T"),
    Reading("time cost, Eq. 17 as printed", "T / M"),
)
SYSTEM, TIME = READINGS[0], READINGS[2]
