"""Which units make up a reproduction: the full one, the quick one, or a part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.studies.lu2021.setting import PAPER, SMALL, Setting
from twinhop.studies.lu2021.unit import ALGORITHMS, SOLVERS, Unit, cached

SEEDS = 10
ITERATIONS = {"literal": 1500, "literal-penalty": 1500, "flat": 300, "structured": 1000}
QUICK_SEEDS = 3
QUICK_ITERATIONS = {"literal": 300, "literal-penalty": 300, "flat": 100, "structured": 500}
#: Of a quick run also at the full size, with one seed.
FULL_SIZE, AT_FULL_SIZE = Setting(100, 10), ("literal", "structured")
EVERY, EPISODES = 50, 4


@dataclass(frozen=True)
class Plan:
    """What to do.

    Attributes:
        units: in the order in which they are done.
    """

    units: tuple[Unit, ...]

    def left(self, root: Path) -> list[Unit]:
        """The units that a folder does not keep yet.

        Raises:
            InputError: it keeps units of the same names but other constants.
        """
        return [unit for unit in self.units if cached(unit, root) is None]


def plan_of(
    *,
    quick: bool = False,
    settings: Sequence[Setting] | None = None,
    algorithms: Sequence[str] | None = None,
    seeds: int | None = None,
    iterations: int | None = None,
) -> Plan:
    """The units of a reproduction.

    Args:
        quick: three seeds and few iterations in small settings, and one seed of two algorithms at 100 users and 10
            stations.
        settings: only these; None: the four of the paper, or those of a quick run.
        algorithms: only these.
        seeds: how many, of every algorithm; None: ten.
        iterations: of every run, a multiple of 50; None: those of `ITERATIONS`.

    Returns:
        Seed by seed, so that all settings are there early; of each the solvers first.

    Raises:
        InputError: an argument is wrong.
    """
    algorithms = ALGORITHMS if algorithms is None else tuple(algorithms)
    _check(settings, algorithms, seeds, iterations)
    all_settings = ((*SMALL, FULL_SIZE) if quick else PAPER) if settings is None else settings
    counts = {(name, setting): _seeds(name, setting, quick, seeds) for name in algorithms for setting in all_settings}
    lengths = {name: iterations or (QUICK_ITERATIONS if quick else ITERATIONS)[name] for name in algorithms}
    units: list[Unit] = []
    for seed in range(max(counts.values())):
        for setting in all_settings:
            there = [name for name in algorithms if seed < counts[name, setting]]
            if there:
                units.append(Unit(SOLVERS, setting, seed, 0, 0, EPISODES))
            units += [Unit(name, setting, seed, lengths[name], EVERY, EPISODES) for name in there]
    return Plan(tuple(units))


def _seeds(name: str, setting: Setting, quick: bool, seeds: int | None) -> int:
    if seeds is not None:
        return seeds
    if quick:
        return int(name in AT_FULL_SIZE) if setting == FULL_SIZE else QUICK_SEEDS
    return SEEDS


def _check(
    settings: Sequence[Setting] | None, algorithms: Sequence[str], seeds: int | None, iterations: int | None
) -> None:
    unknown = [name for name in algorithms if name not in ALGORITHMS]
    if unknown or not algorithms:
        got = f"'{unknown[0]}'" if unknown else "none"
        raise InputError(f"--algorithms: got {got}; accepted: {', '.join(ALGORITHMS)}")
    if settings is not None and not settings:
        raise InputError("--settings: got none; accepted: names such as n80-m5, separated by commas")
    if seeds is not None and seeds < 1:
        raise InputError(f"--seeds: got {seeds}; expected a whole number >= 1")
    if iterations is not None and (iterations < EVERY or iterations % EVERY):
        raise InputError(f"--iterations: got {iterations}; expected a multiple of {EVERY}")
