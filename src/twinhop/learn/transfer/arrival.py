"""Runs that begin with what was learned elsewhere: checkpoints along a trajectory, opened, checked and made to fit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from jax import Array

from twinhop.errors import InputError
from twinhop.inference.checkpoint import Checkpoint, open_checkpoint
from twinhop.learn.checkpoint import load_state_part
from twinhop.learn.config import TrainingConfig, TransferSection
from twinhop.learn.learners import Learner
from twinhop.learn.replay import Replay
from twinhop.learn.sources import PaddedSource
from twinhop.learn.structured import StructuredMaddpg
from twinhop.learn.transfer.adaptation import Adaptation, AdaptedState, Inheritance, Place
from twinhop.learn.transfer.aggregation import Approach
from twinhop.learn.transfer.experience import fitted
from twinhop.scenario.schema.readings import Readings
from twinhop.twin.behaviour.blending import dwell_weights

ANCESTORS, READINGS, SECONDS, SOURCES = "ancestors", "readings", "seconds", "sources"
"""What checkpoints tell of where they come from: fields of their manifests."""


@dataclass(frozen=True)
class Arrival:
    """A learner in a new place, and what it brings along.

    Attributes:
        algorithm: the learner, pulled towards its source.
        source: of instances of the new place, padded where a place before was larger.
        begin: from the key of the run to the state before the first iteration.
        ancestors: of the weights: digests of the first weights that all of the sources go back to.
        records: of each source: path, digest, scenario, iterations and seconds of its own training.
    """

    algorithm: Adaptation
    source: Any
    begin: Callable[[Array], AdaptedState]
    ancestors: tuple[str, ...]
    records: tuple[dict[str, Any], ...]


def arrival(config: TrainingConfig, transfer: TransferSection, learner: Learner, readings: Readings) -> Arrival:
    """Open the sources of a run and make them fit.

    Args:
        config: of the run.
        transfer: what is taken over.
        learner: the learner in the new place.
        readings: of the new place's scenario.

    Raises:
        InputError: a source is none, was changed since its digest, is of another algorithm, architecture, size or
            reading, has kept no experience, or shares no ancestor with the others.
    """
    opened = [open_checkpoint(path) for path in transfer.sources]
    shapes = jax.eval_shape(learner.algorithm.start, jax.random.key(0), learner.source)
    for path, each in zip(transfer.sources, opened, strict=True):
        _check_kind(path, each, config, learner, shapes, readings)
    ancestors = _ancestors(transfer, opened)
    networks = [load_state_part(each, shapes, learner.algorithm.networks) for each in opened]
    replays: Sequence[Replay | None] = [None] * len(opened)
    source = learner.source
    if transfer.share > 0:
        memories = [load_state_part(each, shapes, lambda run: run.replay, any_size=True) for each in opened]
        _check_experience(transfer.sources, memories)
        if isinstance(learner.algorithm, StructuredMaddpg):
            memories, source = _fitted_to_all(memories, learner, shapes)
        replays = memories
    places = [Place(*each) for each in zip(transfer.sources, networks, replays, strict=True)]
    inheritance = Inheritance(
        weights=weights_of(transfer)[::-1] if transfer.networks else None,
        share=transfer.share,
        recency=transfer.recency,
    )
    approach = Approach(transfer.rho if transfer.networks else 0.0, transfer.decay, transfer.pull_reading)
    algorithm = Adaptation(learner.algorithm)

    def begin(key: Array) -> AdaptedState:
        return algorithm.start(key, source, places[::-1], inheritance, approach)

    records = tuple(_source_record(path, each) for path, each in zip(transfer.sources, opened, strict=True))
    return Arrival(algorithm, source, begin, ancestors if transfer.networks else (), records)


def weights_of(transfer: TransferSection) -> tuple[float, ...]:
    """The weights of Eq. 32, in the order of the sources."""
    if transfer.weights is not None:
        return transfer.weights
    dwell_s = transfer.dwell_s or (1.0,) * len(transfer.sources)
    return tuple(float(weight) for weight in dwell_weights(dwell_s))


def ancestor_of(networks: Any) -> str:
    """What identifies first weights: the SHA-256 of all arrays, one after the other."""
    state = hashlib.sha256()
    for leaf in jax.tree.leaves(networks):
        state.update(np.asarray(leaf).tobytes())
    return state.hexdigest()


def _check_kind(
    path: str, checkpoint: Checkpoint, config: TrainingConfig, learner: Learner, shapes: Any, readings: Readings
) -> None:
    if checkpoint.algorithm != config.algorithm:
        raise InputError(
            f"sources: {path}: was trained by the {checkpoint.algorithm} algorithm, this run is {config.algorithm}; "
            "expected sources of one algorithm"
        )
    theirs = checkpoint.record.get(READINGS)
    if theirs is not None and theirs != readings.model_dump(mode="json"):
        raise InputError(
            f"sources: {path}: was trained under other readings of the model ({_in_words(theirs)}) than the target has "
            f"({_in_words(readings.model_dump(mode='json'))}); its costs and experience mean something else"
        )
    if config.algorithm != "structured":
        rules = learner.source.rules
        if (checkpoint.users, checkpoint.stations) != (rules.users, rules.stations):
            raise InputError(
                f"sources: {path}: a literal policy has one agent a station and a flat state (Eq. 22): trained for "
                f"{checkpoint.users} users and {checkpoint.stations} stations, it cannot serve {rules.users} and "
                f"{rules.stations}; what fits is a target of the same numbers, or a structured policy, which serves any"
            )
    load_state_part(checkpoint, shapes, learner.algorithm.networks)


def _in_words(readings: dict[str, Any]) -> str:
    rows = [f"row {row} {reading}" for row, reading in sorted(readings["rows"].items(), key=lambda each: int(each[0]))]
    return ", ".join([f"all {readings['default']}", *rows])


def _ancestors(transfer: TransferSection, opened: Sequence[Checkpoint]) -> tuple[str, ...]:
    """Those that all sources have; of one source, whatever it has."""
    known = [tuple(each.record.get(ANCESTORS) or ()) for each in opened]
    shared = [one for one in known[0] if all(one in other for other in known[1:])]
    if transfer.networks and len(opened) > 1 and not shared and transfer.sum_reading == "sound":
        raise InputError(
            f"sources: {', '.join(transfer.sources)}: share no ancestor, and a sum of weights of unrelated beginnings "
            "means nothing (row 19); expected runs of one seed and one architecture, or runs transferred from one "
            "another; or sum_reading: literal, or one source"
        )
    return tuple(shared)


def _check_experience(names: Sequence[str], memories: Sequence[Replay]) -> None:
    for name, replay in zip(names, memories, strict=True):
        if int(replay.total) == 0:
            raise InputError(f"sources: {name}: its replay memory is empty; expected at least one entry, or share: 0")


def _fitted_to_all(memories: Sequence[Replay], learner: Learner, shapes: Any) -> tuple[list[Replay], Any]:
    """Memories in one shape that has room for all sizes, and the source in that shape."""
    environments, users = shapes.replay.entries.host.shape[1:]
    sizes = [(users, shapes.replay.entries.obs.capacity.shape[2])]
    sizes += [(each.entries.host.shape[2], each.entries.obs.capacity.shape[2]) for each in memories]
    most_users, most_stations = (max(each) for each in zip(*sizes, strict=True))
    source = learner.source
    if (most_users, most_stations) != sizes[0]:
        source = PaddedSource(source, most_users, most_stations)
    return [fitted(each, environments, most_users, most_stations) for each in memories], source


def _source_record(path: str, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "path": path,
        "digest": checkpoint.digest,
        "scenario": checkpoint.configuration.get("scenario"),
        "iterations": checkpoint.iteration,
        "seconds": checkpoint.record.get(SECONDS),
    }
