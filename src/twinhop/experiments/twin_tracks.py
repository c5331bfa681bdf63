"""Where devices really were, and what they measured: the input of a replay."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinhop.errors import InputError
from twinhop.found import describe_file, require_regular
from twinhop.scenario import streams
from twinhop.scenario.complaints import suggestion
from twinhop.scenario.mobility import MOBILITY_MODELS, MobilityModel, ModelPositions, Positions
from twinhop.scenario.place_sections import Area
from twinhop.twin.behaviour.model import FloatArray

MEASUREMENT = "twin.measurement"
COLUMNS = ("user", "time_s", "x_m", "y_m")
#: Most records of a trace, and the side of the square that generated users move in [m].
MOST_RECORDS, SIDE_M = 20_000_000, 4000.0


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


def tracks_of(source: str, users: int, seconds: float, sample_s: float, noise_m: float, seed: int) -> list[Track]:
    """The paths of a trace file, or of a mobility model.

    Args:
        source: a Parquet or CSV file with the columns user, time_s, x_m, y_m, or the name of a mobility model.
        users: how many move, of a model; of a trace, at most so many of its users, in the order of the file.
        seconds: span of a model's movement; of a trace, from its first record on [s].
        sample_s: time between two samples of a model [s]; a trace is sampled as it was recorded.
        noise_m: standard deviation of each coordinate that is measured, at least 0 [m].
        seed: root seed.

    Raises:
        InputError: there is neither such a file nor such a model, a parameter is out of range, or the file is no trace.
    """
    for name, value in (("users", users), ("seconds", seconds), ("sample_s", sample_s)):
        if not 0 < value < np.inf:
            raise InputError(f"--{name.replace('_', '-')}: must be greater than 0 (got {value:g})")
    if not 0 <= noise_m < np.inf:
        raise InputError(f"--noise-m: must be at least 0 (got {noise_m:g})")
    if source in MOBILITY_MODELS:
        model = MOBILITY_MODELS[source].model_validate({"kind": source})
        return moved_tracks(model_positions(model, users, sample_s, seed), seconds, noise_m, seed)
    path = Path(source)
    if not path.exists():
        accepted = ", ".join(MOBILITY_MODELS)
        hint = suggestion(source, MOBILITY_MODELS)
        raise InputError(f"{source[:200]}: no such file, and no such mobility model; {hint}accepted: {accepted}")
    return _measured(_recorded(path, users, seconds), noise_m, seed)


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


def _recorded(path: Path, users: int, seconds: float) -> dict[str, tuple[FloatArray, FloatArray]]:
    import polars as pl

    table = _table(path)
    first_s = table["time_s"].min()
    assert isinstance(first_s, float)
    table = table.filter(pl.col("time_s") <= first_s + seconds)
    chosen = table["user"].unique(maintain_order=True).head(users)
    paths = {}
    for user in chosen:
        rows = table.filter(pl.col("user") == user)
        time_s = rows["time_s"].to_numpy()
        if (np.diff(time_s) <= 0).any():
            at = int(np.argmax(np.diff(time_s) <= 0))
            raise InputError(f"{path}: user {user!r}: time {time_s[at + 1]:g} s comes after {time_s[at]:g} s")
        paths[str(user)] = (time_s, rows.select("x_m", "y_m").to_numpy())
    return paths


def _table(path: Path):  # noqa: ANN202
    """The records of a trace, checked."""
    import polars as pl

    require_regular(path)
    try:
        scan = pl.scan_parquet(path) if describe_file(path) == "a Parquet table" else pl.scan_csv(path)
        names = scan.collect_schema().names()
        _require_columns(path, names)
        table = scan.select(
            pl.col("user").cast(pl.String), *(pl.col(name).cast(pl.Float64) for name in COLUMNS[1:])
        ).head(MOST_RECORDS + 1)
        table = table.collect()
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a trace: {str(error).splitlines()[0][:100]}") from None
    if not 0 < table.height <= MOST_RECORDS:
        raise InputError(f"{path}: must have 1 to {MOST_RECORDS} records (got {table.height} or more)")
    numbers = table.select(COLUMNS[1:]).to_numpy()
    if not np.isfinite(numbers).all() or table["user"].null_count():
        row = int(np.argmin(np.isfinite(numbers).all(axis=1) & table["user"].is_not_null().to_numpy()))
        raise InputError(f"{path}: record {row + 1}: a user, a time or a position is missing or not finite")
    return table


def _require_columns(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        found = ", ".join(names)[:100]
        raise InputError(
            f"{path}: has no column {', '.join(missing)}; a trace has {', '.join(COLUMNS)} (found {found})"
        )
