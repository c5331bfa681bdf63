"""What a placement policy is and returns."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Certificate
from twinhop.placement.placement import Placement
from twinhop.placement.problem import PlacementProblem
from twinhop.text import figure, in_a_line


@dataclass(frozen=True)
class Decision:
    """What a policy returns: a placement, and a certificate where it has one."""

    placement: Placement
    certificate: Certificate | None = None

    def __repr__(self) -> str:
        bound = None if self.certificate is None else figure("lower bound", self.certificate.lower_bound)
        return in_a_line(self, repr(self.placement), bound)


Policy = Callable[[PlacementProblem, np.random.Generator, Budget], Decision]
