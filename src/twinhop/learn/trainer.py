"""Runs of training: they log, are judged, keep checkpoints, and go on bit for bit where they were stopped."""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
from pydantic import BaseModel

from twinhop.env.core import Params, params_of
from twinhop.errors import InputError, SaturationWarning, TwinhopError, WarmUpWarning
from twinhop.inference.checkpoint import CHECKPOINTS, LAST, SCENARIO, Checkpoint, open_checkpoint, pointed_to
from twinhop.io.files import replacing
from twinhop.io.folders import owned
from twinhop.learn import learners
from twinhop.learn.config import AnyTraining, TrainingConfig
from twinhop.learn.kept_run import KeptRun, Report
from twinhop.learn.learners import Learner
from twinhop.learn.measured_run import advance_compiled
from twinhop.learn.transfer.arrival import ANCESTORS, READINGS, SOURCES, ancestor_of, arrival
from twinhop.learn.validation import PERCENT, Validation
from twinhop.result import Shown
from twinhop.scenario import Scenario, load_scenario
from twinhop.text import figure, in_a_line

CONFIG = "config.json"
PIECE = 50
"""Iterations that are compiled together, at most."""
ACTOR_LOSS, ACTOR_UPDATES, SATURATION = "actor_loss", "actor_updates", "saturation"
SATURATED_RUN = 0.8
"""A run that ends with a larger share of saturated outputs is warned of."""
TOTALS = "totals"
"""In a checkpoint: pairs of an iteration and the iterations that the run was to have from there on."""
#: Fields by which two runs may differ that are one: how long it is, and how often it is judged and saved.
LENGTHS = ("iterations", "checkpoint_every")
_NAMED = 5


@dataclass(frozen=True)
class Training(Shown):
    """What came of a run.

    Attributes:
        folder: of the run.
        iteration: that it reached.
        iterations: that it was to reach.
        evaluation: of the best checkpoint.
        interrupted: whether Ctrl-C ended it; the same call goes on with it.
        compiled_s: spent on compiling [s].
        seconds: spent on training, earlier calls included [s].
        sources: what it took over, as `transfer.arrival.Arrival` records it.
        began_at: the iteration at which this call went on with the run.
        actor_starts_at: iterations of the warm-up, in which the critic alone learns.
    """

    folder: Path
    iteration: int
    iterations: int
    evaluation: dict[str, Any]
    interrupted: bool
    compiled_s: float
    seconds: float
    sources: tuple[dict[str, Any], ...] = ()
    began_at: int = 0
    actor_starts_at: int = 0

    @property
    def in_warm_up(self) -> bool:
        """Whether the actor is still as it began."""
        return self.iteration <= self.actor_starts_at and self.actor_starts_at > 0

    def __repr__(self) -> str:
        gap = self.evaluation.get("gap_percent")
        return in_a_line(
            self, str(self.folder), f"{self.iteration} of {self.iterations} iterations", figure("gap %", gap)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values, for machines."""
        return {**vars(self), "folder": str(self.folder), "evaluation": _as_shares(self.evaluation)}


def _as_shares(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The evaluation of a checkpoint, whose file has gaps in per cent, with gaps as shares."""
    gaps = {"gap_percent": "gap_mean", "gap_percent_max": "gap_worst"}
    return {gaps.get(key, key): value / PERCENT if key in gaps else value for key, value in evaluation.items()}


def train_run(
    config: TrainingConfig, out: Path, *, root: Path | None = None, on_progress: Report | None = None
) -> Training:
    """Train, or go on training, to the end.

    Args:
        config: of the run.
        out: its folder; one that is there already must be of the same configuration, but for the number of iterations
            and how often it is judged and saved: it goes on to as many.
        root: folder from which the scenario's file is found.
        on_progress: is called with how far it is.

    Returns:
        What came of it. Ctrl-C writes a checkpoint and ends the run, marked ``interrupted``.

    Raises:
        InputError: the scenario is none, the folder is of another run or another process writes there, or something
            cannot be written; the last checkpoint stays valid.
        TwinhopError: a loss is no longer finite; the iteration and the last good checkpoint are named.

    Warns:
        WarmUpWarning: all iterations are within the warm-up, so that the actor never learns.
    """
    with owned(out):
        return _Run(config, out, root).go_on(on_progress or (lambda done, of, values: None))


class _Run(KeptRun):
    _config: TrainingConfig

    def __init__(self, config: TrainingConfig, out: Path, root: Path | None) -> None:
        super().__init__(config, out)
        scenario = scenario_of(config.scenario, root)
        self._params, self._learner = learner_of(config, scenario, root)
        readings = scenario.readings
        arrived = None
        if config.transfer is not None:
            arrived = arrival(config, config.transfer, self._learner, readings)
        claim(config, out)
        _warn_of_warm_up(config)
        self._algorithm = self._learner.algorithm if arrived is None else arrived.algorithm
        self._source = self._learner.source if arrived is None else arrived.source
        algorithm, source = self._algorithm, self._source
        started = time.perf_counter()
        key = jax.random.key(config.seed)
        start = jax.jit(partial(algorithm.start, source=source)) if arrived is None else arrived.begin
        shapes = jax.eval_shape(start, key)
        checkpoint = self._resume(shapes)
        if checkpoint is None:
            self._state = start(key)
            ancestors = (ancestor_of(algorithm.networks(self._state)),) if arrived is None else arrived.ancestors
            self._origin = {
                TOTALS: [[0, config.iterations]],
                ANCESTORS: list(ancestors),
                READINGS: readings.model_dump(mode="json"),
                SCENARIO: scenario.model_dump(mode="json", exclude_unset=True),
            }
            if arrived is not None:
                self._origin[SOURCES] = list(arrived.records)
        else:
            known = (ANCESTORS, READINGS, SCENARIO, SOURCES)
            self._origin = {name: checkpoint.record[name] for name in known if name in checkpoint.record}
            self._origin[TOTALS] = _totals(checkpoint, config.iterations)
            _check_same_sources(self._origin, () if arrived is None else arrived.records)
        self._saturation = 0.0
        steps = (config.iterations, config.evaluation.every, config.checkpoint_every, PIECE, self._iteration)
        self._piece = math.gcd(*steps)
        self._advance = None
        if self._iteration < config.iterations:
            self._advance = advance_compiled.lower(algorithm, shapes, source, self._piece).compile()
        self._compiled_s = time.perf_counter() - started

    def go_on(self, report: Report) -> Training:
        """To the end, or to Ctrl-C."""
        config, every = self._config, self._config.evaluation
        self._validation = Validation(self._learner, self._params, every.instances, every.first_seed)
        interrupted = self._to_the_end(report)
        if self._saturation > SATURATED_RUN:
            _warn_of_saturation(config, self._saturation)
        return Training(
            folder=self._out,
            iteration=self._iteration,
            iterations=config.iterations,
            evaluation=self._best,
            interrupted=interrupted,
            compiled_s=self._compiled_s,
            seconds=self._seconds,
            sources=tuple(self._origin.get(SOURCES, ())),
            began_at=self._began_at,
            actor_starts_at=config.actor_starts_at(),
        )

    def _weights(self) -> Any:
        return self._algorithm.weights(self._state)

    def _advanced(self) -> dict[str, float]:
        """Go on for a piece; means of what it tells."""
        started = time.perf_counter()
        assert self._advance is not None, "there is something left to do"
        self._state, log = jax.block_until_ready(self._advance(self._state, self._source))
        self._seconds += time.perf_counter() - started
        for name, series in log.items():
            wrong = np.flatnonzero(~np.isfinite(np.asarray(series)))
            if wrong.size:
                raise TwinhopError(self._not_finite(name, self._iteration + int(wrong[0]) + 1))
        self._iteration += self._piece
        values = {name: float(np.mean(series)) for name, series in log.items()}
        self._saturation = values.get(SATURATION, self._saturation)
        return {**values, **self._actor_values(log), "seconds": round(self._seconds, 3)}

    def _actor_values(self, log: Mapping[str, Any]) -> dict[str, float]:
        """How many iterations of the latest piece trained the actor, and their loss, where there is a warm-up."""
        starts_at = self._config.actor_starts_at()
        if not starts_at or ACTOR_LOSS not in log:
            return {}
        updates = min(self._piece, max(0, self._iteration - starts_at))
        loss = np.asarray(log[ACTOR_LOSS])[self._piece - updates :]
        return {ACTOR_UPDATES: updates, ACTOR_LOSS: float(np.mean(loss)) if updates else 0.0}

    def _judged(self) -> dict[str, Any]:
        return self._validation.judge(self._weights())

    def _record(self) -> dict[str, Any]:
        return {
            "algorithm": self._config.algorithm,
            "users": self._params.rules.users,
            "stations": self._params.rules.stations,
            **self._learner.record,
            **self._origin,
        }


def learner_of(config: TrainingConfig, scenario: Scenario, root: Path | None = None) -> tuple[Params, Learner]:
    """The environment of a configuration, and the learner in it.

    Args:
        config: of the run.
        scenario: its `scenario`.
        root: folder from which the files of further scenarios are found.

    Raises:
        InputError: a further scenario is none, or scenarios that are mixed have other numbers of users or stations.
    """
    redraws = config.topologies == "random"
    params = params_of(scenario, "placement", redraws=redraws)
    if config.algorithm != "structured":
        makers = {"flat": learners.flat, "literal": learners.literal, "primal_dual": learners.primal_dual}
        make = makers[config.algorithm]
        return params, make(params, config.iterations, config.constants())
    spreads = {"opening_spread": config.opening_spread, "communication_spread": config.communication_spread}
    made = learners.structured(
        params, config.iterations, config.constants(), environments=config.environments, **spreads
    )
    if not config.more_scenarios:
        return params, made
    from twinhop.learn.sources import EnvironmentSource, MixedSource

    each = [params, *(params_of(scenario_of(name, root), redraws=redraws) for name in config.more_scenarios)]
    for name, other in zip(config.more_scenarios, each[1:], strict=True):
        if (other.rules.users, other.rules.stations) != (params.rules.users, params.rules.stations):
            raise InputError(
                f"more_scenarios: {name} has {other.rules.users} users and {other.rules.stations} stations; expected "
                f"{params.rules.users} and {params.rules.stations}, as {config.scenario}"
            )
    share = max(1, config.environments // len(each))
    parts = tuple(EnvironmentSource(one, share, **spreads) for one in each)
    return params, Learner(**{**vars(made), "source": MixedSource(parts)})


def scenario_of(name: str, root: Path | None) -> Scenario:
    """A scenario that a configuration names: a file beside it, or what is found by the name."""
    beside = None if root is None else root / name
    return load_scenario(beside if beside is not None and beside.is_file() else name)


def _check_same_sources(origin: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to go on with a run whose sources are no longer those that it began with."""
    for before, now in zip(origin.get(SOURCES, ()), records, strict=True):
        if before["digest"] != now["digest"]:
            raise InputError(f"sources: {now['path']}: is another checkpoint than the one that this run began with")


def claim(config: AnyTraining, out: Path) -> None:
    """Make the folder of a run, or refuse one that is of another run."""
    path = out / CONFIG
    if not path.exists():
        try:
            (out / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{out}: cannot be written: {error.strerror}") from None
        _write_config(config, path, overwrite=False)
        return
    try:
        there = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path}: is damaged; choose another --out, or delete it") from None
    requested = config.plain()
    other = _differing(_with_later_fields(there, requested, config), requested)
    if other:
        differing = ", ".join(other[:_NAMED])
        raise InputError(f"{out}: holds a run of another configuration ({differing} differ); choose another --out")
    last = pointed_to(out, LAST)
    reached = 0 if last is None else open_checkpoint(last).iteration
    if config.iterations < reached:
        raise InputError(
            f"{out}: holds a run that has {reached} iterations; got {config.iterations}, expected at least {reached}; "
            "or choose another --out"
        )
    if there != requested:
        _write_config(config, path, overwrite=True)


def _write_config(config: AnyTraining, path: Path, *, overwrite: bool) -> None:
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps(config.plain(), indent=1) + "\n", encoding="utf-8")


def _with_later_fields(there: Mapping[str, Any], requested: Mapping[str, Any], config: AnyTraining) -> dict[str, Any]:
    """A configuration of an earlier version with the fields that its sections lack, which mean their defaults."""
    filled = dict(there)
    for name, section in there.items():
        own = getattr(config, name, None)
        if isinstance(section, Mapping) and isinstance(own, BaseModel):
            defaults = {key: field.get_default() for key, field in type(own).model_fields.items()}
            filled[name] = {**{key: defaults[key] for key in requested[name] if key not in section}, **section}
    return filled


def _differing(there: Mapping[str, Any], requested: Mapping[str, Any]) -> list[str]:
    """The fields by which a configuration is that of another run."""

    def learns_by(fields: Mapping[str, Any]) -> dict[str, Any]:
        rest = {name: value for name, value in fields.items() if name not in LENGTHS}
        judged = rest.get("evaluation")
        if isinstance(judged, Mapping):
            rest["evaluation"] = {name: value for name, value in judged.items() if name != "every"}
        return rest

    before, now = learns_by(there), learns_by(requested)
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def _totals(checkpoint: Checkpoint, iterations: int) -> list[list[int]]:
    """How many iterations the run was to have, by the iteration from which on it was to."""
    totals = checkpoint.record.get(TOTALS) or [[0, checkpoint.configuration["iterations"]]]
    return totals if totals[-1][1] == iterations else [*totals, [checkpoint.iteration, iterations]]


def _warn_of_warm_up(config: TrainingConfig) -> None:
    starts_at = config.actor_starts_at()
    if config.iterations <= starts_at:
        warnings.warn(
            f"{config.name}: {config.iterations} iterations are within the warm-up of {starts_at}, in which the critic "
            f"alone learns and the actor stays as it began; expected more than {starts_at}, or a lower "
            "critic_only_iterations in the section structured of a configuration of your own",
            WarmUpWarning,
            stacklevel=2,
        )


def _warn_of_saturation(config: TrainingConfig, share: float) -> None:
    section, field = ("structured", "opening_penalty") if config.algorithm == "structured" else ("", "output_penalty")
    warnings.warn(
        f"{config.name}: {100 * share:.0f} % of the actors' outputs are saturated in the end, where their gradients "
        f"vanish and noise turns nothing; {field} in the section {section or config.algorithm} prevents it",
        SaturationWarning,
        stacklevel=3,
    )
