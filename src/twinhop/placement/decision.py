"""What a placement policy is and returns."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.placement import Placement
from twinhop.placement.problem import PlacementProblem
from twinhop.text import figure, in_a_line


class Ending(Enum):
    """What ended a solve."""

    PROVEN = "proven"
    GAP = "gap"
    SECONDS = "seconds"
    EXHAUSTED = "nothing left to try"
    TIME_LIMIT = "time limit"
    INTERRUPTED = "interrupted"
    DONE = "done"


@dataclass(frozen=True)
class Decision:
    """What a policy returns: a placement, where it has one a certificate, and what ended it where it says so.

    Attributes:
        placement: the hosts and the stations that open.
        certificate: a lower bound on all plans, or None.
        ended: what ended it, or None.
        note: a sentence on what is missing, such as why there is no certificate; empty for none.
    """

    placement: Placement
    certificate: Certificate | None = None
    ended: Ending | None = None
    note: str = ""

    def __repr__(self) -> str:
        bound = None if self.certificate is None else figure("lower bound", self.certificate.lower_bound)
        return in_a_line(self, repr(self.placement), bound)


Policy = Callable[[PlacementProblem, np.random.Generator, Budget], Decision]
