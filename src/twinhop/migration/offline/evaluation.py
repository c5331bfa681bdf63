"""What a run costs: the one price of any sequence of hosts, policies' and plans' alike."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twinhop.jit import jit
from twinhop.kernels.shares import floors_fit, least_computing
from twinhop.migration.problem import MigrationProblem
from twinhop.placement.problem import FloatArray, IntArray


@dataclass(frozen=True)
class RunCost:
    """The cost of a run and its terms, each a mean over slots with the weights in it; they add up to the cost.

    Attributes:
        cost: the objective of P2.
        communication_s: weighted communication latency [s].
        computing_s: weighted computing latency under the best CPU shares [s].
        moves_s: weighted cost of moves [s].
        opening_s: cost of open hosts [s].
        energy: weighted energy, of updates and of moves.
        moves: number of moves.
        forbidden: visits on hosts that they cannot reach.
        surplus: visits beyond the capacities of their hosts.
        late: visits on hosts whose minimum shares do not fit together; such a host is priced without them.
        slot_cost_s: (T,) the cost of each slot, all terms together; the cost is their mean [s].
    """

    cost: float
    communication_s: float
    computing_s: float
    moves_s: float
    opening_s: float
    energy: float
    moves: int
    forbidden: int
    surplus: int
    late: int
    slot_cost_s: FloatArray = field(repr=False, compare=False)

    @property
    def violations(self) -> int:
        """Visits that break a constraint."""
        return self.forbidden + self.surplus + self.late


def price(problem: MigrationProblem, host: IntArray) -> RunCost:
    """Price a run of hosts and count what it violates.

    Args:
        problem: the run.
        host: (P,) host of each visit.

    Returns:
        The cost with its terms.
    """
    place = problem.slot * problem.hosts + host
    count = np.bincount(place, minlength=problem.slots * problem.hosts).reshape(problem.slots, problem.hosts)
    arc = problem.comm_s[np.arange(problem.visits), host]
    computing, late = _computing_s(problem, place, host)
    moved, moves_s = _moves_s(problem, host)
    by_slot = {
        "communication_s": problem.weight * np.bincount(problem.slot, arc, problem.slots),
        "computing_s": problem.weight * np.where(count > 0, computing, 0.0).sum(axis=1),
        "moves_s": problem.weight * np.bincount(problem.slot[moved], moves_s, problem.slots),
        "opening_s": np.where(count > 0, problem.opening_s, 0.0).sum(axis=1),
    }
    terms = {name: float(each.sum()) / problem.slots for name, each in by_slot.items()}
    energy = np.zeros(problem.slots) if problem.slot_energy is None else problem.slot_energy
    if problem.move_energy is not None:
        energy = energy + np.bincount(problem.slot[moved], problem.move_energy[moved], problem.slots)
    mean_energy = math.fsum(energy) / problem.slots
    return RunCost(
        cost=sum(terms.values()) + mean_energy,
        **terms,
        energy=mean_energy,
        slot_cost_s=sum(by_slot.values(), energy),
        moves=len(moved),
        forbidden=int(np.isinf(arc).sum()),
        surplus=int(np.maximum(count - problem.capacity, 0).sum()),
        late=late,
    )


def _moves_s(problem: MigrationProblem, host: IntArray) -> tuple[IntArray, FloatArray]:
    """The visits that are reached by a move, and what each move costs unweighted [s]."""
    before = np.concatenate([[-1], host[:-1]]) if problem.visits else host
    served = np.diff(problem.first) > 0
    before[problem.first[:-1][served]] = -1 if problem.start is None else problem.start[served]
    moved = np.flatnonzero((before >= 0) & (before != host))
    wired = problem.moves.between(problem.user[moved], before[moved], host[moved])
    return moved, problem.move_fixed_s + wired


def _computing_s(problem: MigrationProblem, place: IntArray, host: IntArray) -> tuple[FloatArray, int]:
    """H (T, K) unweighted [s], and the number of visits on hosts whose minimum shares do not fit."""
    shape = (problem.slots, problem.hosts)
    root_work = problem.visit_root_work
    load = np.bincount(place, root_work, minlength=problem.slots * problem.hosts).reshape(shape)
    if problem.floor is None:
        return np.divide(load**2, problem.cpu, out=np.zeros(shape), where=load > 0), 0
    order = np.argsort(place, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(place, minlength=problem.slots * problem.hosts))])
    floor = problem.floor[np.arange(problem.visits), host]
    computing = np.zeros(problem.slots * problem.hosts)
    late = _fill_hosts(root_work[order], floor[order], ends, problem.cpu.reshape(-1), computing)
    return computing.reshape(shape), late


@jit()
def _fill_hosts(root_work, floor, ends, cpu, computing):
    late = 0
    for place in range(cpu.size):
        begin, end = ends[place], ends[place + 1]
        if end > begin:
            works, floors, load = root_work[begin:end], floor[begin:end], root_work[begin:end].sum()
            least = floors.sum()
            if floors_fit(least, cpu[place]):
                computing[place] = least_computing(works, floors, end - begin, load, least, cpu[place])[0]
            else:
                computing[place] = load**2 / cpu[place]
                late += end - begin
    return late
