"""The tasks of the benchmark set by name, and the files that describe them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from twinhop.io import yaml_io
from twinhop.names import benchmark_files
from twinhop.names import benchmark_names as benchmark_names
from twinhop.scenario.schema.scenario import Scenario

TaskKind = Literal["placement", "migration"]

EVALUATION_SEED = 1000
"""The first root seed of evaluation; the others follow. No policy of the package was tuned on seeds from here on."""
_SUFFIX = ".yaml"
_KINDS: tuple[tuple[str, TaskKind], ...] = (("bench-place-", "placement"), ("bench-move-", "migration"))


@dataclass(frozen=True)
class City:
    """Where the data of a real city come from, which are no part of this package.

    Attributes:
        files: that are needed.
        folder: what the folder of them is called where data sets lie side by side.
        importer: the command that makes scenarios of them.
    """

    files: tuple[str, ...]
    folder: str
    importer: str


CITIES = {
    "bench-place-melbourne": City(
        ("site-optus-melbCBD.csv", "users-melbcbd-generated.csv"), "eua", "twinhop import eua"
    ),
    "bench-move-san-francisco": City(
        ("sf_cells.csv", "sf_serving_1min.npz"), "sf_cab_cells", "twinhop import sf-cells"
    ),
}


@dataclass(frozen=True)
class BenchmarkTask:
    """One scenario of the set, and what is to be done in it.

    Attributes:
        name: of the scenario.
        kind: ``placement``: decide once (P1); ``migration``: decide in every slot (P2).
        city: the data that it needs; None where its file is all there is to it.
    """

    name: str
    kind: TaskKind
    city: City | None = None


@cache
def benchmark_tasks() -> tuple[BenchmarkTask, ...]:
    """The 24 tasks: those of placement, then those of migration; each kind by name, its city last.

    >>> len(benchmark_tasks())
    24
    """
    return tuple(
        BenchmarkTask(name, kind, CITIES.get(name))
        for prefix, kind in _KINDS
        for name in benchmark_names()
        if name.startswith(prefix)
    )


def benchmark_text(name: str) -> str:
    """The commented file of a task that needs no data of a city.

    >>> benchmark_text("bench-place-n20-m4").splitlines()[1]
    'schema_version: 1'
    """
    return benchmark_files()[name].read_text(encoding="utf-8")


def benchmark_scenario(name: str) -> Scenario:
    """The scenario of a task that needs no data of a city; its seed is 0, which is none of evaluation.

    >>> benchmark_scenario("bench-place-n20-m4").seed
    0
    """
    return Scenario.model_validate(yaml_io.read_yaml(benchmark_text(name), name + _SUFFIX))
