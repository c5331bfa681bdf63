"""Instances of networks: banks to learn from, and others to be judged on, the same for every arm and seed."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem, solve
from twinhop.placement.problem import FloatArray
from twinhop.plans.planning import make_case
from twinhop.scenario import Scenario, load_scenario
from twinhop.studies.policy_transfer.shifts import LARGEST, Network

if TYPE_CHECKING:
    from twinhop.inference.instance import ProblemArrays

BASE, FOLDER, FILES = "lu2021-n100-m10", "sf_cab_cells", ("sf_cells.csv", "sf_serving_1min.npz")
JUDGED_FROM = 1000
"""First seed of the worlds that are judged on; those learned from have the seeds 0, 1, ..."""
OPENINGS, WIRES = (-0.7, 2.3), (-0.7, 3.4)
"""Logarithms between which prices vary, where they do."""
SEATS = 18
"""Of each cell of the whole city, where there are 6 to 8 taxis a cell."""
_VARIED, _DRAWN = 11, 12


class Judged(NamedTuple):
    """Problems that policies are judged on."""

    problems: tuple[PlacementProblem, ...]
    instances: tuple[Any, ...]
    bounds: FloatArray
    """certified lower bounds of their costs [s]"""


def city_files(data: Path | None) -> tuple[Path, Path] | None:
    """The files of San Francisco; None where they are not there."""
    if data is None:
        return None
    first, second = (data / FOLDER / name for name in FILES)
    return (first, second) if first.is_file() and second.is_file() else None


def bank(network: Network, worlds: int, data: Path | None, seed: int = 0) -> ProblemArrays:
    """Instances to learn from, padded, with a leading axis.

    Args:
        network: of which kind.
        worlds: how many; of a city at most its minutes, but for those that are judged on.
        data: folder with the city's.
        seed: of the runs that learn from them: each has worlds of its own, as far as there are root seeds below those
            of evaluation; one that is greater by so many has the same.
    """
    from twinhop.learn.transfer.trials import stacked

    if network.minutes is not None:
        problems = _minutes(network, data)[0][:worlds]
    else:
        first = worlds * (seed % max(1, JUDGED_FROM // worlds))
        problems = _problems(network, range(first, first + worlds))
    return stacked([_padded(problem) for problem in problems])


def varied(instances: ProblemArrays, seed: int) -> ProblemArrays:
    """The same worlds at other prices, from half of their own to ten times for openings and thirty for wires.

    Formula: ``opening_k e^U(-0.7, 2.3)`` and ``least_i + (comm_ik - least_i) e^U(-0.7, 3.4)`` with ``least_i`` that of
    the user's best station present, both factors drawn once a world. Unreachable stations stay so.

    Args:
        instances: of `bank`.
        seed: of the factors.
    """
    rng = np.random.default_rng([_VARIED, seed])
    worlds = len(instances.opening_s)
    opening, wires = (np.exp(rng.uniform(low, high, worlds)).astype(np.float32) for low, high in (OPENINGS, WIRES))
    comm, present = np.asarray(instances.comm_s), np.asarray(instances.capacity)[:, :, None] > 0
    least = np.where(present, comm, np.inf).min(axis=1, keepdims=True)
    dearer = np.where(present, least + wires[:, None, None] * (comm - least), comm)
    return instances._replace(comm_s=dearer, opening_s=opening[:, None] * instances.opening_s)


def judged(network: Network, worlds: int, data: Path | None, seed: int = 0) -> Judged:
    """Instances to be judged on, and their bounds.

    Args:
        network: of which kind.
        worlds: how many.
        data: folder with the city's.
        seed: of the runs that are judged: each is on worlds of its own; of a city they are drawn from the same minutes.
    """
    if network.minutes is not None:
        problems = _drawn(_minutes(network, data)[1], worlds, seed)
    else:
        first = JUDGED_FROM + worlds * seed
        problems = _problems(network, range(first, first + worlds))
    return Judged(tuple(problems), tuple(_padded(problem) for problem in problems), _bounds(problems))


def whole(network: Network, worlds: int, data: Path | None, seed: int = 0) -> Judged:
    """The minutes of `judged` uncut: all cells of the city, each with `SEATS`, and all taxis.

    Args:
        network: of minutes.
        worlds: how many.
        data: folder with the city's.
        seed: of the runs that are judged.
    """
    from twinhop.inference.policy import observed_instance

    files, minutes = city_files(data), network.minutes
    assert files is not None and minutes is not None
    problems = [
        replace(problem, capacity=np.full(problem.stations, SEATS))
        for problem in _drawn(_city(files, minutes)[1::2], worlds, seed)
    ]
    return Judged(tuple(problems), tuple(observed_instance(problem) for problem in problems), _bounds(problems))


def _drawn(problems: Sequence[PlacementProblem], worlds: int, seed: int) -> list[PlacementProblem]:
    """Some of them, in their order."""
    rng = np.random.default_rng([_DRAWN, seed])
    drawn = np.sort(rng.choice(len(problems), min(worlds, len(problems)), replace=False))
    return [problems[at] for at in drawn]


def _bounds(problems: Sequence[PlacementProblem]) -> FloatArray:
    return np.array([solve(problem).lower_bound for problem in problems])


def _padded(problem: PlacementProblem) -> ProblemArrays:
    from twinhop.inference.policy import observed_instance
    from twinhop.learn.instance import padded

    return padded(observed_instance(problem), *LARGEST)


def _problems(network: Network, seeds: range) -> list[PlacementProblem]:
    source = _scenario(network)
    return [replace(make_case(source, seed).problem, energy_j=None) for seed in seeds]


def _scenario(network: Network) -> Scenario:
    plain = load_scenario(BASE).model_dump(mode="json", exclude_unset=True)
    sizes = {
        "users": {"generate": {"count": network.users}},
        "stations": {"generate": {"count": network.stations}},
    }
    return Scenario.model_validate(_merged(_merged(plain, sizes), network.fields))


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A nested mapping with some fields changed."""
    return {**base} | {
        name: _merged(base.get(name) or {}, value) if isinstance(value, Mapping) else value
        for name, value in changes.items()
    }


def _minutes(network: Network, data: Path | None) -> tuple[list[PlacementProblem], list[PlacementProblem]]:
    """The minutes that are learned from, every second one, and the others, which are judged on."""
    files, minutes = city_files(data), network.minutes
    if files is None or minutes is None:
        raise InputError(f"{FOLDER}: is not in {data or 'the data, of which none are given'}; expected {FILES}")
    problems = _city(files, minutes)
    stations = _busiest(problems)
    problems = [_cut(problem, stations) for problem in problems]
    return problems[0::2], problems[1::2]


@cache
def _city(files: tuple[Path, Path], minutes: tuple[int, int]) -> tuple[PlacementProblem, ...]:
    """San Francisco minute by minute: all cells that a taxi is in, and all taxis that are there."""
    from twinhop.migration.run import MigrationRun
    from twinhop.scenario.importers.sf_taxis import save_sf_taxis

    first, count = minutes
    with tempfile.TemporaryDirectory(prefix="twinhop-") as aside:
        path = Path(aside) / "city.yaml"
        save_sf_taxis(
            *files, path, from_minute=first, to_minute=first + count - 1, preset="sf-taxis-midday", name="city"
        )
        return tuple(situation.problem for situation in MigrationRun(load_scenario(path)))


def _busiest(problems: Sequence[PlacementProblem]) -> Any:
    """The stations to which most users are nearest, as many as fit."""
    nearest = np.concatenate([problem.comm_s.argmin(axis=1) for problem in problems])
    visits = np.bincount(nearest, minlength=problems[0].stations)
    return np.sort(np.argsort(-visits, kind="stable")[: LARGEST[1]])


def _cut(problem: PlacementProblem, stations: Any) -> PlacementProblem:
    """A problem of the first users and these stations alone, each with room for everybody."""
    users = slice(0, LARGEST[0])
    return PlacementProblem(
        comm_s=problem.comm_s[users][:, stations],
        root_work=problem.root_work[users],
        cpu=problem.cpu[stations],
        capacity=np.full(len(stations), problem.users),
        opening_s=problem.opening_s[stations],
        alpha=problem.alpha,
        beta=problem.beta,
    )
