"""The decision: which stations are opened, and which of them hosts each twin."""

from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import BoolArray, IntArray, PlacementProblem
from twinhop.text import counted, in_a_line


@dataclass(frozen=True)
class Placement:
    """A placement pl and an association a_ik (Eq. 16, 18).

    Attributes:
        host: (N,) index of the station that hosts each user's twin.
        open: (M,) whether each station is opened; every host is.
    """

    host: IntArray
    open: BoolArray

    def __repr__(self) -> str:
        opened = f"{int(np.sum(self.open))} of {counted(len(self.open), 'station')} open"
        return in_a_line(self, counted(len(self.host), "user"), opened)

    @classmethod
    def of_hosts(cls, host: IntArray, stations: int) -> "Placement":
        """The placement that opens exactly the stations in use."""
        opened = np.zeros(stations, bool)
        opened[host] = True
        return cls(np.ascontiguousarray(host, np.int64), opened)

    def loads(self) -> IntArray:
        """(M,) number of twins on each station."""
        return np.bincount(self.host, minlength=len(self.open))

    def check(self, problem: PlacementProblem) -> None:
        """Raise ValueError where the placement is not one of this problem at all (shape, index, closed host)."""
        if self.host.shape != (problem.users,) or self.open.shape != (problem.stations,):
            raise ValueError(f"placement of {self.host.shape} users on {self.open.shape} stations does not fit")
        if ((self.host < 0) | (self.host >= problem.stations)).any():
            raise ValueError("placement names a station that does not exist")
        if not self.open[self.host].all():
            raise ValueError("placement uses a station that it does not open")
