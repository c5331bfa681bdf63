"""One run of training: evaluated as it goes, timed, kept on disk, and judged in the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.studies.lu2021.judging import judge_of
from twinhop.studies.lu2021.setting import scenario_of
from twinhop.studies.lu2021.slots import plain
from twinhop.studies.lu2021.terms import Terms
from twinhop.studies.lu2021.unit import Unit

PIECE = 10
"""Iterations that are compiled together."""
KEEP_EVERY_S = 300.0
"""A killed run loses at most about so much."""
STATE_SUFFIX = ".state.safetensors"


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


class Trial:
    """The steps of a run, each to be timed on its own.

    Args:
        unit: what is trained.
        path: where nothing is kept.
    """

    def __init__(self, unit: Unit, path: Path) -> None:
        self._training = _Training(unit, path)

    def judge(self) -> None:
        """Evaluate the policy as it is."""
        self._training.note(0, 0.0, 0.0)

    def piece(self) -> None:
        """Train for `PIECE` iterations."""
        self._training.run.go_on(PIECE)

    def end(self) -> None:
        """Judge it as at the end of a run."""
        self._training.result()


class _Training:
    def __init__(self, unit: Unit, path: Path) -> None:
        from twinhop.env.core import params_of
        from twinhop.learn.learners import make_learner
        from twinhop.learn.measured_run import MeasuredRun

        self._unit, self._path = unit, path
        params = params_of(scenario_of(unit.setting, unit.world_seed))
        self._learner = make_learner(unit.kind, params, unit.iterations)
        self._judge = judge_of(unit, params, self._learner.policy)
        self.run = MeasuredRun(self._learner.algorithm, self._learner.source, unit.seed, PIECE)
        self._record: dict[str, Any] = {"iteration": [], "terms": [], "wall_s": [], "cpu_s": []}
        if path.exists():
            self._record = self.run.load(path)

    def go_on(self) -> None:
        """Train to the end."""
        record, kept_at = self._record, time.monotonic()
        if not record["iteration"]:
            self.note(0, 0.0, 0.0)
        while record["iteration"][-1] < self._unit.iterations:
            piece = self.run.go_on(self._unit.every)
            at = record["iteration"][-1] + self._unit.every
            self.note(at, record["wall_s"][-1] + piece.wall_s, record["cpu_s"][-1] + piece.cpu_s)
            if time.monotonic() - kept_at > KEEP_EVERY_S and at < self._unit.iterations:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self.run.save(self._path, record)
                kept_at = time.monotonic()

    def note(self, iteration: int, wall_s: float, cpu_s: float) -> None:
        """Evaluate the policy, and note times until now."""
        means = [float(np.mean(values)) for values in self._judge.slots(self.run.weights)]
        entry = {"iteration": iteration, "terms": means, "wall_s": wall_s, "cpu_s": cpu_s}
        for name, value in entry.items():
            self._record[name].append(value)

    def result(self) -> dict[str, Any]:
        """What is kept of a finished run."""
        record = self._record
        return {
            "configuration": self._learner.configuration,
            "iteration": record["iteration"],
            "terms": plain(Terms(*np.array(record["terms"]).T)),
            "policies": self._judge.policies(self.run.weights),
            "times": {name: [round(each, 3) for each in record[name]] for name in ("wall_s", "cpu_s")},
        }
