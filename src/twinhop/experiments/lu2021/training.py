"""One run of training: evaluated as it goes, timed, kept on disk, and judged in the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.experiments.lu2021.setting import scenario_of
from twinhop.experiments.lu2021.slots import by_slot, placed_terms, plain, problems_of, slot_of
from twinhop.experiments.lu2021.terms import SLOTS, Terms
from twinhop.experiments.lu2021.unit import Unit

PIECE = 10
"""Iterations that are compiled together."""
KEEP_EVERY_S = 300.0
"""A killed run loses at most about so much."""
TIMED_DECISIONS = 100
MS_PER_S = 1e3
STATE_SUFFIX = ".state.npz"


def do_training(unit: Unit, root: Path) -> dict[str, Any]:
    """Train, or go on training, to the end.

    Args:
        unit: what to train.
        root: folder in which an unfinished run is kept.

    Returns:
        By iteration the terms of the policy without noise, and times; of the policy in the
        end the terms by slot, decoded in all ways, and how long a decision takes.
    """
    training = _Training(unit, state_path(unit, root))
    training.go_on()
    return training.result()


def state_path(unit: Unit, root: Path) -> Path:
    """The file that keeps an unfinished run."""
    return unit.path(root).with_suffix(STATE_SUFFIX)


class _Training:
    def __init__(self, unit: Unit, path: Path) -> None:
        from twinhop.env.core import params_of
        from twinhop.learn.contenders import contender
        from twinhop.learn.measured_run import MeasuredRun

        self._unit, self._path = unit, path
        self._params = params_of(scenario_of(unit.setting, unit.world_seed))
        self._contender = contender(unit.kind, self._params, unit.iterations)
        self._run = MeasuredRun(self._contender.algorithm, self._contender.source, unit.seed, PIECE)
        self._record: dict[str, Any] = {"iteration": [], "terms": [], "wall_s": [], "cpu_s": []}
        if path.exists():
            self._record = self._run.load(path)

    def go_on(self) -> None:
        """Train to the end."""
        record, kept_at = self._record, time.monotonic()
        if not record["iteration"]:
            self._note(0, 0.0, 0.0)
        while record["iteration"][-1] < self._unit.iterations:
            piece = self._run.go_on(self._unit.every)
            at = record["iteration"][-1] + self._unit.every
            self._note(at, record["wall_s"][-1] + piece.wall_s, record["cpu_s"][-1] + piece.cpu_s)
            if time.monotonic() - kept_at > KEEP_EVERY_S and at < self._unit.iterations:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._run.save(self._path, record)
                kept_at = time.monotonic()

    def _note(self, iteration: int, wall_s: float, cpu_s: float) -> None:
        info = self._lived().info
        means = [float(np.mean(getattr(info, name))) for name in Terms._fields]
        entry = {"iteration": iteration, "terms": means, "wall_s": wall_s, "cpu_s": cpu_s}
        for name, value in entry.items():
            self._record[name].append(value)

    def _lived(self) -> Any:
        from twinhop.learn.episodes import episodes_of

        return episodes_of(
            self._contender.act, self._run.weights, self._params, self._unit.world_seed, self._unit.episodes, SLOTS
        )

    def result(self) -> dict[str, Any]:
        """What is kept of a finished run."""
        lived, record = self._lived(), self._record
        problems = problems_of(self._params, lived.seen)
        host = np.asarray(lived.info.host)
        terms = [
            [placed_terms(problem, host[e, t]) for t, problem in enumerate(slots)] for e, slots in enumerate(problems)
        ]
        policies = {self._unit.kind: {"slots": plain(by_slot(terms)), "decision_ms": self._act_ms(lived.seen)}}
        for name, decide in self._contender.decoders.items():
            policies[name] = self._decoded(decide, problems, lived.seen)
        return {
            "configuration": self._contender.configuration,
            "iteration": record["iteration"],
            "terms": plain(Terms(*np.array(record["terms"]).T)),
            "policies": policies,
            "times": {name: [round(each, 3) for each in record[name]] for name in ("wall_s", "cpu_s")},
        }

    def _decoded(self, decide: Any, problems: list[list[Any]], seen: Any) -> dict[str, Any]:
        weights, seconds, terms = self._run.weights, [], []
        decide(weights, self._params, slot_of(seen, 0, 0))
        for e, slots in enumerate(problems):
            terms.append([])
            for t, problem in enumerate(slots):
                one, started = slot_of(seen, e, t), time.perf_counter()
                host = decide(weights, self._params, one)
                seconds.append(time.perf_counter() - started)
                terms[-1].append(placed_terms(problem, host))
        return {"slots": plain(by_slot(terms)), "decision_ms": round(MS_PER_S * float(np.median(seconds)), 4)}

    def _act_ms(self, seen: Any) -> float:
        """Median time of one decision by the rule that all share, in one slot [ms]."""
        from twinhop.learn.episodes import decided

        one, weights, seconds = slot_of(seen, 0, 0), self._run.weights, []
        for at in range(TIMED_DECISIONS + 1):
            started = time.perf_counter()
            np.asarray(decided(self._contender.act, weights, self._params, one))
            if at:  # the first one compiles
                seconds.append(time.perf_counter() - started)
        return round(MS_PER_S * float(np.median(seconds)), 4)
