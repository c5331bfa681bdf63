"""Twins that take their models along: what the model of the user is worth where the user comes to."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.io.folders import staging
from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import write_table
from twinhop.replay.tracks import Track, model_positions, moved_tracks, tracks_of
from twinhop.scenario import geo
from twinhop.scenario.mobility import MOBILITY_MODELS, GaussMarkov
from twinhop.scenario.mobility.model import MobilityModel
from twinhop.scenario.traces.sumo import GRID, Traffic, import_sumo
from twinhop.scenario.traces.sumo_program import Sumo
from twinhop.studies.twin_transfer import stations as stations
from twinhop.studies.twin_transfer.figure import draw_twin_transfer
from twinhop.studies.twin_transfer.motion import (
    Constants,
    best_constants,
    cold_error_m,
    learned_moves,
    motion_forecasts,
)
from twinhop.studies.twin_transfer.results import COLUMNS, MOVES, TwinTransferStudy, World
from twinhop.studies.twin_transfer.scores import MINUTES, SECONDS, Score, joined, scores
from twinhop.twin.behaviour import ConstantVelocity, MarkovChain, RevertingVelocity, RowModel, blended, knowledge_norm

#: Side of the square that generated users move in, and of a region [m]; noise of a measured coordinate [m].
SIDE_M, REGION_M, NOISE_M = 2000.0, 200.0, 1.0
#: How far ahead forecasts go, and times between two samples of a twin [s].
AHEAD_S, PERIODS_S = 5.0, (1.0, 5.0)
USERS, SECONDS_MOVED, SEEDS = (20, 30), (600.0, 900.0), (2, 5)
#: Added to the root seed where constants are chosen.
OTHER_SEED = 10_000
SF, MELBOURNE = "sf_cab_cells", "ifogsim2_melb"


class _WorldScores(NamedTuple):
    world: World
    scores: list[Score]


def twin_transfer_study(quick: bool, seed: int, data: Path | None) -> TwinTransferStudy:
    """Compare what a twin may begin with in another region.

    Args:
        quick: fewer users, seeds and seconds.
        seed: root seed, at least 0.
        data: folder with ``sf_cab_cells`` and ``ifogsim2_melb``; what is not there is skipped, and so is SUMO where it
            is not installed.

    Raises:
        InputError: the seed is negative, or a file of the data is not of its layout.
    """
    if seed < 0:
        raise InputError(f"seed: must be at least 0 (got {seed})")
    results = [
        _generated_scores(name, partial(_tracks, model, period_s, quick), period_s, quick, seed)
        for name, model, period_s in _generated()
    ]
    skipped = [f"no {name} in {data or 'the data, of which none were given'}" for name in _absent(data)]
    try:
        Sumo.find()
    except InputError as error:
        skipped.append(str(error))
    else:
        results += [
            _generated_scores(
                f"sumo grid, every {period_s:g} s", partial(_traffic, period_s, quick), period_s, quick, seed
            )
            for period_s in PERIODS_S
        ]
    if data is not None and (data / MELBOURNE).is_dir():
        results.append(_melbourne_scores(data / MELBOURNE, results[0].world.constants, seed))
    if data is not None and (data / SF).is_dir():
        results.append(_taxi_scores(data / SF, quick, seed))
    rows = tuple(score for each in results for score in each.scores)
    worlds = tuple(each.world for each in results)
    return TwinTransferStudy(rows, worlds, _norms(seed), tuple(skipped), seed, quick)


def _absent(data: Path | None) -> list[str]:
    return [name for name in (SF, MELBOURNE) if data is None or not (data / name).is_dir()]


def _generated() -> Iterator[tuple[str, MobilityModel, float]]:
    """Name, model and time between two samples."""
    for period_s in PERIODS_S:
        for turning_deg in (45.0, 0.0):
            model = GaussMarkov(
                kind="gauss_markov",
                alpha=0.85,
                mean_speed_mps=10.0,
                speed_sigma_mps=2.0,
                direction_sigma_deg=turning_deg,
            )
            yield f"gauss_markov, {turning_deg:g} degrees, every {period_s:g} s", model, period_s
        spots = MOBILITY_MODELS["hot_spots"].model_validate({"kind": "hot_spots"})
        yield f"hot_spots, every {period_s:g} s", spots, period_s


def _generated_scores(
    name: str, tracks_of_seed: Callable[[int], list[Track]], period_s: float, quick: bool, seed: int
) -> _WorldScores:
    """Scores, with the kind of model whose cold start errs least, and constants of Eq. 34, chosen on another seed."""
    ahead = round(AHEAD_S / period_s)
    others = tracks_of_seed(seed + OTHER_SEED)
    candidates = [learned_moves(others, _squares(others), learner, ahead) for learner in _learners()]
    best = min(candidates, key=cold_error_m)
    constants = best_constants(best)
    parts = []
    for run in range(SEEDS[0] if quick else SEEDS[1]):
        tracks = tracks_of_seed(seed + run)
        learned = learned_moves(tracks, _squares(tracks), type(best.model)(2, measurement_sigma=NOISE_M), ahead)
        parts.append(motion_forecasts(learned, constants))
    rows = scores(name, _ahead(AHEAD_S), joined(parts), SECONDS, seed)
    return _WorldScores(World(name, best.model.kind, constants), rows)


def _learners() -> tuple[ConstantVelocity, RevertingVelocity]:
    return ConstantVelocity(2, measurement_sigma=NOISE_M), RevertingVelocity(2, measurement_sigma=NOISE_M)


def _ahead(seconds: float) -> str:
    return f"error {seconds:g} s ahead"


def _tracks(model: MobilityModel, period_s: float, quick: bool, seed: int) -> list[Track]:
    """Paths moved second by second, of which the twins get to know every so many samples."""
    positions = model_positions(model, USERS[0] if quick else USERS[1], 1.0, seed, SIDE_M)
    tracks = moved_tracks(positions, SECONDS_MOVED[0] if quick else SECONDS_MOVED[1], NOISE_M, seed)
    return _every(tracks, round(period_s))


def _traffic(period_s: float, quick: bool, seed: int) -> list[Track]:
    """Vehicles that SUMO drives in a grid of streets, of which the twins get to know every so many seconds."""
    users, seconds = (USERS[0], SECONDS_MOVED[0]) if quick else (USERS[1], SECONDS_MOVED[1])
    with TemporaryDirectory(prefix="twinhop-") as folder:
        path = Path(folder) / "traffic.parquet"
        import_sumo(Traffic(GRID, users, round(seconds), seed), path)
        tracks = tracks_of(str(path), users, seconds, 1.0, NOISE_M, seed).tracks
    longest = [track for track in tracks if len(track.time_s) > seconds / 2]
    return _every(longest, round(period_s))


def _every(tracks: Sequence[Track], every: int) -> list[Track]:
    """Every so many samples of paths."""
    return [Track(each.user, each.time_s[::every], each.truth_m[::every], each.measured_m[::every]) for each in tracks]


def _squares(tracks: Sequence[Track]) -> list[NDArray[np.int64]]:
    """The square of the grid that each sample's user is in."""
    across = int(np.ceil(SIDE_M / REGION_M))
    places = [np.clip((track.truth_m // REGION_M).astype(np.int64), 0, across - 1) for track in tracks]
    return [place[:, 0] * across + place[:, 1] for place in places]


def _melbourne_scores(folder: Path, constants: Constants, seed: int) -> _WorldScores:
    """Walks of one row a minute; a region is what is nearest to a site of the edge."""
    sites_m = _metres(folder / "edgeResources-melbCBD.csv")
    tracks, regions = [], []
    for path in sorted(folder.glob("*sersLocation-melbCBD_*.csv")):
        xy_m = _metres(path)
        tracks.append(Track(path.stem, stations.STEP_S * np.arange(len(xy_m), dtype=np.float64), xy_m, xy_m))
        regions.append(np.argmin(np.hypot(*(xy_m[:, None] - sites_m[None]).T), axis=0).astype(np.int64))
    learner: RowModel = ConstantVelocity(2, measurement_sigma=0.1)
    forecasts = motion_forecasts(learned_moves(tracks, regions, learner, 1), constants)
    rows = scores("melbourne walks", _ahead(stations.STEP_S), forecasts, MINUTES, seed)
    return _WorldScores(World("melbourne walks", learner.kind, constants), rows)


def _metres(path: Path) -> NDArray[np.float64]:
    """Places of a file in metres around the middle of Melbourne."""
    with path.open(encoding="utf-8") as stream:
        rows = [{name.strip(): value for name, value in row.items() if name} for row in csv.DictReader(stream)]
    try:
        lat, lon = (np.array([float(row[name]) for row in rows]) for name in ("Latitude", "Longitude"))
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: needs numbers in the columns Latitude and Longitude ({error})") from None
    return np.column_stack(geo.project(lat, lon, (-37.8136, 144.9631)))


def _taxi_scores(folder: Path, quick: bool, seed: int) -> _WorldScores:
    cells, categories = stations.serving_cells(folder)
    every = 4 if quick else 1
    before = (stations.FIRST_VALIDATION, stations.FIRST_TEST - 1)
    constants = stations.best_constants(stations.cell_guesses(cells, categories, before, every))
    guesses = stations.cell_guesses(cells, categories, (stations.FIRST_TEST, stations.LAST_TEST), every)
    rows: list[Score] = []
    for places in (1, 3):
        forecasts = stations.hits(guesses, constants, places)
        rows += scores("san francisco taxis", f"top-{places} next cell", forecasts, MINUTES, seed)
    return _WorldScores(World("san francisco taxis", MarkovChain.kind, constants), rows)


def _norms(seed: int) -> dict[str, tuple[float, ...]]:
    """How long a chain is that Eq. 34 blends with the region's, of equal length, move after move."""
    draws = np.random.default_rng(seed)
    region, source = MarkovChain(categories=4), MarkovChain(categories=4)
    for second in range(200):
        for chain in (region, source):
            chain.update(float(second), draws.integers(4, size=1).astype(float))
    lengths: dict[str, tuple[float, ...]] = {}
    for reading in ("sound", "literal"):
        model, norms = source, [1.0]
        for _ in range(MOVES):
            model = blended(region, model, 1.0, reading)
            norms.append(knowledge_norm(model) / knowledge_norm(source))
        lengths[reading] = tuple(norms)
    return lengths


def save_study(study: TwinTransferStudy, folder: str | Path) -> list[Path]:
    """Write ``twin-transfer`` as JSON, Markdown, CSV and LaTeX, and the figure.

    Args:
        study: any.
        folder: made if it is not there.

    Raises:
        InputError: the folder cannot be written; nothing is left behind.
    """
    with staging(folder) as aside:
        (aside / "twin-transfer.json").write_text(json_text(study.to_json()), encoding="utf-8")
        (aside / "twin-transfer.md").write_text(study.markdown(), encoding="utf-8")
        write_table(aside, "twin-transfer", study.table_rows(), COLUMNS)
        save_figure(draw_twin_transfer(study), aside, "twin-transfer")
        names = sorted(path.name for path in aside.iterdir())
    return [Path(folder) / name for name in names]
