"""Runs that learn where users move: they log, are judged by certified bounds, and go on where they were stopped."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from twinhop.errors import InputError, TwinhopError
from twinhop.inference.foresight.features import FEATURES, VERSION
from twinhop.inference.foresight.network import BELIEVED, Weights
from twinhop.inference.foresight.policy import ALGORITHM, Foresight
from twinhop.inference.foresight.tracks import CONTEXT, EXPERTS
from twinhop.io.folders import owned
from twinhop.learn.foresight.config import MigrationTrainingConfig
from twinhop.learn.foresight.rollouts import Scene, presences, rollouts
from twinhop.learn.foresight.tape import Tape, tape_of
from twinhop.learn.foresight.updates import Memory, State, first_weights, updated
from twinhop.learn.kept_run import KeptRun, Report
from twinhop.learn.trainer import Training, claim, scenario_of
from twinhop.learn.validation import PERCENT
from twinhop.migration.offline.solve import offline_bound
from twinhop.migration.policy import PolicyKind, policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem
from twinhop.migration.simulate import outcomes
from twinhop.scenario import Scenario

#: Hosts by which forecasts are compared.
_COMPARED = 6
_FEWEST_EVENTS = 8
_FEWEST_HOSTS = 2
_LAST_RATE = 0.1


def train_migration(
    config: MigrationTrainingConfig, out: Path, *, root: Path | None = None, on_progress: Report | None = None
) -> Training:
    """Learn, or go on learning, to the end; as `twinhop.learn.trainer.train_run`.

    Args:
        config: of the run.
        out: its folder.
        root: folder from which the scenarios' files are found.
        on_progress: is called with how far it is.

    Raises:
        InputError: a scenario is none, or the folder is of another run.
        TwinhopError: a loss is no longer finite.
    """
    with owned(out):
        return _Run(config, out, root).go_on(on_progress or (lambda done, of, values: None))


class _Run(KeptRun):
    _config: MigrationTrainingConfig

    def __init__(self, config: MigrationTrainingConfig, out: Path, root: Path | None) -> None:
        super().__init__(config, out)
        names = (config.scenario, *config.more_scenarios)
        known = {name: _scenario(name, root) for name in dict.fromkeys(names)}
        scenarios = list(known.values())
        worlds = {name: self._worlds(scenario) for name, scenario in known.items()}
        claim(config, out)
        self._tapes = [tape for name in names for tape in worlds[name]]
        judged = [_scenario(name, root) for name in config.evaluation.scenarios] or scenarios
        self._judge = _Judge(judged, config.evaluation.first_seed, config.evaluation.instances)
        self._largest = max((len(tape.scale), tape.unit.shape[1]) for tape in self._tapes)
        start = self._start()
        if self._resume(start) is None:
            self._state = start

    def _worlds(self, scenario: Scenario) -> list[Tape]:
        movement = scenario.movement
        seeds = 1 if movement is not None and movement.trace is not None else self._config.worlds
        tapes = [tape_of(MigrationRun(scenario.with_seed(self._config.seed + at))) for at in range(seeds)]
        if min(int(tape.may_host.sum()) for tape in tapes) < _FEWEST_HOSTS:
            raise InputError(f"{scenario.where}: one host, so that no twin can move; expected at least {_FEWEST_HOSTS}")
        return tapes

    def _start(self) -> State:
        own, rng = self._config.foresight, np.random.default_rng([self._config.seed, 0])
        weights = first_weights(rng, own.width)
        zero = Weights(*(np.zeros_like(each) for each in weights))
        few, experts = own.memory // 4, len(EXPERTS)
        memory = Memory(
            np.zeros((own.memory, FEATURES), np.float32),
            np.zeros(own.memory, np.float32),
            np.zeros(own.memory, np.float32),
            np.zeros((few, CONTEXT), np.float32),
            np.zeros((few, experts, _COMPARED), np.float32),
            np.zeros((few, _COMPARED), np.float32),
        )
        count = np.zeros((), np.int32)
        return jax.tree.map(jnp.asarray, State(weights, zero, zero, count, memory, count, count))

    def go_on(self, report: Report) -> Training:
        """To the end, or to Ctrl-C."""
        began, learned = time.perf_counter(), self._seconds
        interrupted = self._to_the_end(report)
        return Training(
            folder=self._out,
            iteration=self._iteration,
            iterations=self._config.iterations,
            evaluation=self._best,
            interrupted=interrupted,
            compiled_s=max(0.0, time.perf_counter() - began - (self._seconds - learned)),
            seconds=self._seconds,
            began_at=self._began_at,
        )

    def _advanced(self) -> dict[str, float]:
        """One iteration: rollouts in one world, and steps of Adam; everything random is drawn from its number."""
        started, own = time.perf_counter(), self._config.foresight
        rng = np.random.default_rng([self._config.seed, 1, self._iteration])
        weights = self._weights()
        tape = self._tapes[int(rng.integers(len(self._tapes)))]
        scene = Scene(tape, rng, own.events, own.move_spread)
        values: dict[str, float] = {}
        if len(scene.users) >= _FEWEST_EVENTS:
            moves, found = rollouts(weights, scene, own.moves), presences(scene, _COMPARED)
            self._remember(moves, found)
            values["worth"] = float(np.average(moves.worth, weights=moves.weight))
        if int(self._state.moves_seen):
            done = self._iteration / self._config.iterations
            rate = own.learning_rate * (1.0 - (1.0 - _LAST_RATE) * done)
            key = jax.random.fold_in(jax.random.key(self._config.seed), self._iteration)
            self._state, losses = updated(self._state, key, rate, own.decay, batch=own.batch, updates=own.updates)
            values["worth_loss"], values["forecast_loss"] = (float(each) for each in losses)
            for name, value in values.items():
                if not math.isfinite(value):
                    raise TwinhopError(self._not_finite(name, self._iteration + 1))
        self._iteration += 1
        self._seconds += time.perf_counter() - started
        return {**values, "seconds": round(self._seconds, 3)}

    def _remember(self, moves: Any, found: Any) -> None:
        state, memory = self._state, self._state.memory
        at = (int(state.moves_seen) + np.arange(len(moves.worth))) % len(memory.worth)
        to = (int(state.forecasts_seen) + np.arange(len(found.found))) % len(memory.found)
        keep, held = _last(at), _last(to)
        written = Memory(
            *(old.at[at[keep]].set(new[keep]) for old, new in zip(memory[:3], moves, strict=True)),
            *(old.at[to[held]].set(new[held]) for old, new in zip(memory[3:], found, strict=True)),
        )
        self._state = state._replace(
            memory=written,
            moves_seen=state.moves_seen + len(at),
            forecasts_seen=state.forecasts_seen + len(to),
        )

    def _weights(self) -> Weights:
        return Weights(*(np.asarray(each) for each in self._state.weights))

    def _judged(self) -> dict[str, Any]:
        return self._judge.judge(self._weights())

    def _record(self) -> dict[str, Any]:
        users, hosts = self._largest
        return {
            "algorithm": ALGORITHM,
            "task": "migration",
            "foresight_features": VERSION,
            "users": users,
            "stations": hosts,
        }


class _Judge:
    """Runs that are judged, with their certified bounds."""

    def __init__(self, scenarios: list[Scenario], first_seed: int, instances: int) -> None:
        self._runs = [
            MigrationRun(scenario.with_seed(first_seed + at)) for scenario in scenarios for at in range(instances)
        ]
        self._bounds = [offline_bound(run_problem(run)) for run in self._runs]

    def judge(self, weights: Weights) -> dict[str, float]:
        """Mean cost of a slot, and the mean gap to the bound."""

        def make(run: MigrationRun, rng: np.random.Generator) -> Foresight:
            return Foresight(run, weights, margin=0.0, reach=10.0, replan=0, correction=BELIEVED)

        choice = policy_choice(PolicyKind(make, "what was learned so far", {}))
        costs = [math.fsum(each.cost.total for each in outcomes(run, choice)) / run.slots for run in self._runs]
        over = [cost / bound - 1.0 for cost, bound in zip(costs, self._bounds, strict=True)]
        return {
            "cost": float(np.mean(costs)),
            "gap_percent": PERCENT * float(np.mean(over)),
            "gap_percent_max": PERCENT * float(np.max(over)),
        }


def _last(at: np.ndarray) -> np.ndarray:
    """Which rows are written last of those that go to the same place."""
    reverse = np.unique(at[::-1], return_index=True)[1]
    return np.sort(len(at) - 1 - reverse)


def _scenario(name: str, root: Path | None) -> Scenario:
    scenario = scenario_of(name, root)
    if scenario.movement is None:
        raise InputError(f"{scenario.where}: movement: is missing; expected one where migration is learned")
    return scenario
