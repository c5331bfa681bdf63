"""When a scenario is planned on the nearest stations alone, and everything such a plan and its report need of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property

from twinhop.errors import InputError, OutOfReachWarning, PlanningWarning
from twinhop.formulation import AccessLinks, access_links, formulate_sparse, sparse_view_lacks
from twinhop.formulation.sparse import CANDIDATES
from twinhop.placement.sparse import SparseProblem
from twinhop.plans.planner_warnings import FAULTS, REACH_CODES, PlannerWarning, world_warnings
from twinhop.scenario import Scenario, World, build_world
from twinhop.scenario.world.link_count import MOST_LINKS, link_count
from twinhop.text import counted, in_a_line

#: Beyond so many links of users and stations a plan looks at the nearest stations of each user. At this size, 50,000
#: users x 200 stations, it has the same gap (0.016 % beside 0.018 %) with half of the CPU (10 s beside 22 s), a third
#: of the memory (0.3 GB beside 0.9 GB); beyond, what all links take grows faster (benchmarks/scale_input.py --switch).
WIDE_LINKS = 10_000_000


@dataclass(frozen=True, eq=False)
class SparseCase:
    """A problem with candidate stations, and the world it came from.

    Attributes:
        name: of the scenario.
        problem: with the nearest stations of each access station as candidates.
        world: stations and users.
        links: of the users to their access stations.
        seed: root seed.
        notes: what was understood of the files, where that is worth saying.
    """

    name: str
    problem: SparseProblem
    world: World = field(repr=False)
    links: AccessLinks = field(repr=False)
    seed: int = 0
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        sizes = counted(self.problem.users, "user"), counted(self.problem.stations, "station")
        return in_a_line(self, self.name, *sizes, f"seed {self.seed}")

    @cached_property
    def warnings(self) -> tuple[PlannerWarning, ...]:
        """What is odd about the world, in the words of `describe`."""
        return world_warnings(self.world, self.links)

    @property
    def attribution(self) -> tuple[str, ...]:
        """Sources and licences of the data, to be named wherever results are."""
        return self.world.attribution


def takes_sparse_view(scenario: Scenario, world: World | None = None) -> bool:
    """Whether a plan of a scenario looks at the nearest stations of each user alone.

    It does where there are more links than `WIDE_LINKS`; where those are few enough to be looked at one by one, only if
    the scenario has nothing that needs every link.

    Args:
        scenario: any.
        world: of it, where already at hand.
    """
    links = link_count(scenario)
    if links <= WIDE_LINKS:
        return False
    return links > MOST_LINKS or sparse_view_lacks(build_world(scenario) if world is None else world) is None


def sparse_case(scenario: Scenario, candidates: int | None = None) -> SparseCase:
    """Everything that a plan on candidate stations needs of a scenario.

    Args:
        scenario: any.
        candidates: stations of each access station; None: `formulation.sparse.CANDIDATES`.

    Raises:
        InputError: the scenario has what needs every link, such as fading.
    """
    world = build_world(scenario)
    lacks = sparse_view_lacks(world)
    if lacks is not None:
        raise InputError(f"{scenario.where}: {lacks}, where plans look at the nearest stations of each user")
    links = access_links(world)
    problem = formulate_sparse(world, CANDIDATES if candidates is None else candidates, links)
    case = SparseCase(world.name, problem, world, links, world.seed, scenario.notes)
    for each in case.warnings:
        if each.code in FAULTS:
            kind = OutOfReachWarning if each.code in REACH_CODES else PlanningWarning
            warnings.warn(f"{case.name}: {each.message}", kind, stacklevel=2)
    return case
