"""What a planner answers: a plan of the problem as it is now, its certificate, and who moves."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from twinhop.placement.certificate import Certificate
from twinhop.placement.decision import Ending
from twinhop.placement.evaluation import Evaluation, evaluate
from twinhop.placement.few_moves import moved
from twinhop.placement.no_host import NOBODY
from twinhop.placement.placement import Placement
from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem
from twinhop.placement.solve import Solution
from twinhop.placement.sparse.problem import SparseProblem
from twinhop.placement.sparse.solve import SparseSolution
from twinhop.result import Shown
from twinhop.text import counted, figure, in_a_line, in_percent


@dataclass(frozen=True, eq=False)
class Replan(Shown):
    """A plan made from the one before.

    Attributes:
        problem: as it is now, without what moves cost.
        solution: of the problem in which moves cost what they cost; its cost, bound and gap count them.
        present: (N,) where the twins were; -1 of users without one, -2 of those whose station is no more.
        left: how many users are no more.
        move_cost_s: of a move, one number or (N, M) [s].
        max_moves: how many twins might move, or None.
        is_in_force: whether the planner goes on from this plan: not after an interrupt, nor where limits are broken.
    """

    problem: PlacementProblem | SparseProblem = field(repr=False)
    solution: Solution | SparseSolution = field(repr=False)
    present: IntArray = field(repr=False)
    left: int
    move_cost_s: float | FloatArray
    max_moves: int | None
    is_in_force: bool

    def __repr__(self) -> str:
        parts = (figure("cost", self.cost), figure("bound", self.lower_bound), in_percent("gap", self.gap))
        return in_a_line(self, *parts, counted(len(self.moves), "move"), self.ended.value)

    @property
    def host(self) -> IntArray:
        """(N,) the station of each twin."""
        if isinstance(self.solution, SparseSolution):
            return self.solution.host.astype(np.int64)
        return self.solution.placement.host

    @property
    def placement(self) -> Placement:
        """Hosts and opened stations."""
        if isinstance(self.solution, SparseSolution):
            return Placement.of_hosts(self.host, self.problem.stations)
        return self.solution.placement

    @cached_property
    def moves(self) -> IntArray:
        """Users whose twin leaves the host that it had."""
        return np.flatnonzero(moved(self.present, self.host))

    @property
    def came(self) -> IntArray:
        """Users who had no host."""
        return np.flatnonzero(self.present == NOBODY)

    @property
    def cost(self) -> float:
        """Of the plan and its moves."""
        return self.solution.cost

    @cached_property
    def own(self) -> Evaluation:
        """The plan's own terms, without what its moves cost.

        Raises:
            InputError: of a sparse problem that is too large for whole matrices.
        """
        if isinstance(self.problem, SparseProblem):
            return evaluate(self.problem.dense(), self.placement)
        return evaluate(self.problem, self.placement)

    @property
    def certificate(self) -> Certificate | None:
        """A proof that no plan costs less than the bound, see `bound_of`; of a sparse problem it is in its solution."""
        return None if isinstance(self.solution, SparseSolution) else self.solution.certificate

    @property
    def lower_bound(self) -> float | None:
        """No plan costs less, its moves included; None without a certificate."""
        return self.solution.lower_bound

    @property
    def gap(self) -> float | None:
        """``cost / lower_bound - 1``."""
        return self.solution.gap

    @property
    def bound_of(self) -> str:
        """What the bound holds for, in words."""
        priced = np.any(np.asarray(self.move_cost_s) != 0)
        if not priced:
            cost = ""
        elif np.ndim(self.move_cost_s):
            cost = ", moves at their prices"
        else:
            cost = f", each move at {self.move_cost_s:g} s"
        return f"all plans{cost}{'' if self.max_moves is None else ', whatever the number of moves'}"

    @property
    def ended(self) -> Ending:
        """Why it ended."""
        return self.solution.ended

    @property
    def seconds(self) -> float:
        """Time of it all [s], without loading or compiling."""
        return self.solution.seconds
