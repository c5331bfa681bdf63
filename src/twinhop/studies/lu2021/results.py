"""All results that a folder keeps, as arrays by algorithm and setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import read_json
from twinhop.placement.problem import FloatArray
from twinhop.stats import gap_to_bound
from twinhop.studies.lu2021.setting import Setting, parse_setting
from twinhop.studies.lu2021.slots import from_plain
from twinhop.studies.lu2021.terms import SLOTS, Reading, Terms
from twinhop.studies.lu2021.unit import ALGORITHMS, POLICIES, RUNS, SOLVERS

CONVERGED_SHARE = 0.1
"""The last tenth of a run is what it has converged to."""


@dataclass(frozen=True)
class Results:
    """What a folder keeps.

    Attributes:
        runs: by kind and setting, seeds ascending, what each file keeps.
    """

    runs: dict[tuple[str, Setting], tuple[dict[str, Any], ...]]

    @property
    def algorithms(self) -> list[str]:
        """Those of which there is a run."""
        return [name for name in ALGORITHMS if any(kind == name for kind, _ in self.runs)]

    @property
    def all_settings(self) -> list[Setting]:
        """Settings in which some algorithm has a run, fewest users first."""
        return sorted({setting for kind, setting in self.runs if kind in ALGORITHMS})

    @property
    def further(self) -> list[str]:
        """Names of policies that were judged besides."""
        of_kinds = (runs for (kind, _), runs in self.runs.items() if kind.startswith(f"{POLICIES}/"))
        return sorted({name for runs in of_kinds for run in runs for name in run["policies"]})

    def settings(self, kind: str) -> list[Setting]:
        """Settings in which there is a run of a kind, fewest users first."""
        return sorted(setting for of, setting in self.runs if of == kind)

    def seeds(self, kind: str, setting: Setting) -> list[int]:
        """Seeds of its runs."""
        return [run["unit"]["seed"] for run in self.runs.get((kind, setting), ())]

    def iterations(self, kind: str, setting: Setting) -> FloatArray:
        """(P,) iterations after which the runs were evaluated."""
        return np.array(self.runs[kind, setting][0]["iteration"], float)

    def curve(self, kind: str, setting: Setting, reading: Reading) -> FloatArray:
        """(seeds, P) cost of an episode, summed over its slots, while training goes on [s]."""
        terms = [from_plain(run["terms"]) for run in self.runs[kind, setting]]
        return SLOTS * np.array([reading.of(each, setting) for each in terms])

    def converged(self, kind: str, setting: Setting, reading: Reading) -> FloatArray:
        """(seeds,) mean of the last tenth of a curve [s]."""
        curve = self.curve(kind, setting, reading)
        return curve[:, -max(1, round(CONVERGED_SHARE * (curve.shape[1] - 1))) :].mean(axis=1)

    def slots(self, policy: str, setting: Setting, reading: Reading) -> FloatArray | None:
        """(seeds, slots) cost of a policy in every slot of an episode, as trained in the end [s]; None if unknown."""
        policies = list(self._policies(policy, setting))
        return np.array([reading.of(_terms(each), setting) for each in policies]) if policies else None

    def decision_ms(self, policy: str, setting: Setting) -> FloatArray | None:
        """(seeds,) median times of a decision [ms]; None if unknown."""
        times = [each["decision_ms"] for each in self._policies(policy, setting)]
        return np.array(times) if times else None

    def seeds_of_policy(self, policy: str, setting: Setting) -> list[int]:
        """Seeds in which a policy was judged."""
        return [run["unit"]["seed"] for run in self._runs(setting) if policy in run["policies"]]

    def bound(self, setting: Setting, name: str, of: str = SOLVERS) -> FloatArray | None:
        """(seeds, slots) certified bounds, `cost_bound` or `time_bound`, of the seeds of a kind [s], or None."""
        seeds = self.seeds(of, setting)
        bounds = [run[name] for run in self.runs.get((SOLVERS, setting), ()) if run["unit"]["seed"] in seeds]
        return np.array(bounds) if bounds else None

    def gaps(self, policy: str, setting: Setting, reading: Reading, bound: str) -> FloatArray | None:
        """(seeds,) how far the mean cost of a policy is above the mean bound of its seed [1]; None without either."""
        bounds = {run["unit"]["seed"]: run.get(bound) for run in self.runs.get((SOLVERS, setting), ())}
        slots = self.slots(policy, setting, reading)
        if slots is None:
            return None
        pairs = zip(self.seeds_of_policy(policy, setting), slots.mean(axis=1), strict=True)
        known = [(cost, float(np.mean(value))) for seed, cost in pairs if (value := bounds.get(seed)) is not None]
        gaps = [gap for cost, value in known if (gap := gap_to_bound(float(cost), value)) is not None]
        return np.array(gaps) if gaps else None

    def warm_up(self, kind: str) -> int:
        """First iterations of its runs, in which the actor does not learn; 0 where it does, or nothing says so."""
        known = [
            int(run.get("configuration", {}).get("critic_only_iterations", 0))
            for (of, _), runs in self.runs.items()
            for run in runs
            if of == kind
        ]
        return max(known, default=0)

    def seconds(self, kind: str, setting: Setting, clock: str) -> FloatArray:
        """(seeds, P) time of training until each evaluation, `cpu_s` or `wall_s` [s]."""
        return np.array([run["times"][clock] for run in self.runs[kind, setting]])

    def _runs(self, setting: Setting) -> Iterator[dict[str, Any]]:
        for (_, where), runs in self.runs.items():
            if where == setting:
                yield from runs

    def _policies(self, policy: str, setting: Setting) -> Iterator[dict[str, Any]]:
        for run in self._runs(setting):
            if policy in run["policies"]:
                yield run["policies"][policy]


def _terms(policy: dict[str, Any]) -> Terms:
    return from_plain(policy["slots"])


def read_results(root: Path) -> Results:
    """Read all finished runs of a folder, and of solvers and further policies those of seeds that an algorithm ran in.

    Of runs of different lengths of one kind and setting, it refuses to choose.

    Raises:
        InputError: a file is no result, or runs that belong together were not made alike.
    """
    runs: dict[tuple[str, Setting], tuple[dict[str, Any], ...]] = {}
    further = sorted(f"{POLICIES}/{folder.name}" for folder in (root / RUNS / POLICIES).glob("*"))
    for kind in (*ALGORITHMS, SOLVERS, *further):
        for folder in sorted((root / RUNS / kind).glob("n*-m*")):
            group = sorted(
                (read_json(path) for path in folder.glob("seed-*.json")), key=lambda run: run["unit"]["seed"]
            )
            lengths = {(run["unit"]["iterations"], run["unit"]["every"], run["unit"]["episodes"]) for run in group}
            if len(lengths) > 1:
                raise InputError(f"{folder}: its runs differ in iterations or evaluation; keep one kind of them")
            if group:
                runs[kind, parse_setting(folder.name)] = tuple(group)
    return Results(_judging(runs))


def _judging(runs: dict[tuple[str, Setting], tuple[dict[str, Any], ...]]) -> dict[Any, tuple[dict[str, Any], ...]]:
    """Without others of seeds in which no algorithm was run: bars side by side are of the same worlds."""
    trained = {(at, run["unit"]["seed"]) for (kind, at), each in runs.items() if kind in ALGORITHMS for run in each}
    used = {
        (kind, at): tuple(run for run in each if kind in ALGORITHMS or (at, run["unit"]["seed"]) in trained)
        for (kind, at), each in runs.items()
    }
    return {key: each for key, each in used.items() if each}
