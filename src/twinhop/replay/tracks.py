"""Where devices really were, and what they measured: the input of a replay."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from twinhop import streams
from twinhop.errors import InputError
from twinhop.replay.records import recorded_paths
from twinhop.scenario.mobility import MOBILITY_MODELS, MobilityModel, ModelPositions, Positions
from twinhop.scenario.place_sections import Area
from twinhop.text import suggestion
from twinhop.twin.behaviour.model import FloatArray

MEASUREMENT = "twin.measurement"
#: Side of the square that generated users move in [m].
SIDE_M = 4000.0


@dataclass(frozen=True, eq=False)
class Track:
    """The path of one device.

    Attributes:
        user: its id.
        time_s: (T,) ascending [s].
        truth_m: (T, 2) where it was [m].
        measured_m: (T, 2) where it took itself to be [m].
    """

    user: str
    time_s: FloatArray
    truth_m: FloatArray
    measured_m: FloatArray


class Tracks(NamedTuple):
    """The paths of devices, and what was done to the records that they come from."""

    tracks: list[Track]
    notes: tuple[str, ...]


def tracks_of(source: str, users: int, seconds: float, sample_s: float, noise_m: float, seed: int) -> Tracks:
    """The paths of a recording, or of a mobility model.

    Args:
        source: a trace of twinhop, a file of any of its formats of recorded movement, or the name of a mobility model.
        users: how many move, of a model; of a recording, how many of its users at most, in the order of appearance.
        seconds: span of a model's movement; of a recording, from its first moment on [s].
        sample_s: time between two samples of a model [s]; a recording is sampled as it was recorded.
        noise_m: standard deviation of each coordinate that is measured, at least 0 [m].
        seed: root seed.

    Raises:
        InputError: there is neither such a file nor such a model, a parameter is out of range, or the file is no
            recorded movement.
    """
    for name, value in (("users", users), ("seconds", seconds), ("sample_s", sample_s)):
        if not 0 < value < np.inf:
            raise InputError(f"--{name.replace('_', '-')}: must be greater than 0 and finite (got {value:g})")
    if not 0 <= noise_m < np.inf:
        raise InputError(f"--noise-m: must be at least 0 (got {noise_m:g})")
    if source in MOBILITY_MODELS:
        model = MOBILITY_MODELS[source].model_validate({"kind": source})
        return Tracks(moved_tracks(model_positions(model, users, sample_s, seed), seconds, noise_m, seed), ())
    path = Path(source)
    if not path.exists():
        accepted = ", ".join(MOBILITY_MODELS)
        hint = suggestion(source, MOBILITY_MODELS)
        raise InputError(f"{source[:200]}: no such file, and no such mobility model; {hint}accepted: {accepted}")
    paths, notes = recorded_paths(path, users, seconds)
    return Tracks(_measured(paths, noise_m, seed), notes)


def model_positions(model: MobilityModel, users: int, sample_s: float, seed: int, side_m: float = SIDE_M) -> Positions:
    """Users of a mobility model, placed uniformly in a square.

    Args:
        model: of their movement.
        users: how many.
        sample_s: length of a slot [s].
        seed: root seed.
        side_m: of the square [m].
    """
    placed_m = streams.stream(seed, streams.USER_POSITIONS).random((users, 2)) * side_m
    ids = tuple(f"u{at}" for at in range(users))
    return ModelPositions(model, placed_m, Area(width_m=side_m, height_m=side_m), sample_s, seed, ids)


def moved_tracks(positions: Positions, seconds: float, noise_m: float, seed: int) -> list[Track]:
    """The paths of users moved slot by slot, those absent left out where they are absent.

    Args:
        positions: of a model or a trace.
        seconds: span [s].
        noise_m: standard deviation of each coordinate that is measured [m].
        seed: root seed.

    Raises:
        InputError: the span is shorter than two samples.
    """
    slots = int(seconds / positions.slot_s) + 1
    if slots < 2:
        raise InputError(f"--seconds: must be at least one sample, {positions.slot_s:g} s (got {seconds:g})")
    where_m = np.array(list(itertools.islice(positions, slots)))
    time_s = np.arange(len(where_m), dtype=np.float64) * positions.slot_s
    present = ~np.isnan(where_m[:, :, 0])
    paths: list[tuple[FloatArray, FloatArray]] = [
        (time_s[here], where_m[here, at]) for at, here in enumerate(present.T)
    ]
    return _measured(dict(zip(positions.user_ids, paths, strict=True)), noise_m, seed)


def _measured(paths: Mapping[str, tuple[FloatArray, FloatArray]], noise_m: float, seed: int) -> list[Track]:
    generator = streams.stream(seed, MEASUREMENT)
    tracks = []
    for user, (time_s, truth_m) in paths.items():
        noise = generator.standard_normal(truth_m.shape)
        tracks.append(Track(user, time_s, truth_m, truth_m + noise_m * noise))
    return tracks
