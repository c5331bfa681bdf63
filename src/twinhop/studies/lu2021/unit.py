"""Units of a reproduction: what is done in one piece, by whatever process, and kept in one small file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from twinhop._version import __version__
from twinhop.errors import InputError
from twinhop.io.json_text import read_json, write_json
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.provenance import MADE, made_by

SOLVERS = "solvers"
#: Kinds of further policies begin so.
POLICIES = "policies"
RUNS = "runs"
#: In a result: times, and among them seconds by the clock of the whole unit, where it was done in one go.
TIMES, UNIT_S = "times", "unit_s"
Algorithm = Literal["literal", "literal-penalty", "flat", "structured"]
ALGORITHMS: tuple[Algorithm, ...] = ("literal", "literal-penalty", "flat", "structured")


@dataclass(frozen=True)
class Unit:
    """One run of training in a setting under a seed, or the solvers on the slots on which it is judged.

    Attributes:
        kind: an algorithm, `SOLVERS`, or below `POLICIES` a further policy.
        setting: users and stations.
        seed: from 0; of the run, and of its world among those kept for evaluation.
        iterations: of training; 0 for solvers.
        every: iterations between evaluations.
        episodes: of every evaluation.
    """

    kind: str
    setting: Setting
    seed: int
    iterations: int
    every: int
    episodes: int

    @property
    def world_seed(self) -> int:
        """Root seed of stations and users, and of the episodes of evaluation."""
        return EVALUATION_SEED + self.seed

    @property
    def name(self) -> str:
        """In messages.

        >>> Unit("literal", Setting(80, 5), 2, 5000, 50, 4).name
        'literal, n80-m5, seed 2'
        """
        return f"{self.kind}, {self.setting.name}, seed {self.seed}"

    def path(self, root: Path) -> Path:
        """The file that keeps what came of it."""
        return root / RUNS / self.kind / self.setting.name / f"seed-{self.seed}.json"

    def identity(self) -> dict[str, Any]:
        """What its result depends on."""
        return {**asdict(self), "setting": self.setting.name, "version": __version__}


def cached(unit: Unit, root: Path) -> dict[str, Any] | None:
    """What came of a unit, where it is kept already.

    Raises:
        InputError: the file is no result, or that of a unit of the same name but other constants.
    """
    path = unit.path(root)
    if not path.exists():
        return None
    result = read_json(path)
    if not isinstance(result, dict) or not isinstance(result.get("unit"), dict):
        raise InputError(f"{path}: is no result of `twinhop reproduce`; delete it")
    there, expected = result["unit"], unit.identity()
    other = [
        f"{name}: {there.get(name)!r} there, {expected[name]!r} now"
        for name in expected
        if there.get(name) != expected[name]
    ]
    if other:
        raise InputError(
            f"{path}: is a result of other constants ({'; '.join(other)}); choose another --out, or delete it"
        )
    return result


def keep(unit: Unit, root: Path, result: dict[str, Any]) -> None:
    """Keep what came of a unit: whole or not at all."""
    path = unit.path(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"unit": unit.identity(), MADE: made_by(), **result})
