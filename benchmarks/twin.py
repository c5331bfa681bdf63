"""How few updates keep twins in step, whether forecasts hold, how fast models learn; one JSON line a figure.

    python benchmarks/twin.py [--only NAME] [--data FOLDER] [--trace FILE] [--seconds 1800] [--users 40] [--seed 1]

`sync`: model-based synchronisation and send-on-delta against the best fixed period, in whole samples, with the same p95
position error, at tolerances of 2, 5 and 10 m. The fixed policy is given twice: the twin holds the last position (as
in the reference paper), and the twin goes on by the same model. Gauss-Markov users (alpha 0.85, mean 10 m/s, sigma
2 m/s, one sample a second, position noise 1 m), those with a direction that wanders by 45 degrees as is the default of
the mobility model and those that go straight; the walks of Melbourne (``ifogsim2_melb/``, one row a minute, no noise
added); with ``--trace``, recorded movement (whatever `twinhop import trace` takes) with 1 m of noise.
`coverage`: how often 90 % intervals hold the true coordinate 1 to 30 s ahead, on every mobility model; as the model
gives them, and calibrated on the first half of each path. The second half is judged.
`speed`: updates a second of 100,000 twins moved in one call, in one thread and in two, and the median of
one update of one twin; the fastest of several rounds.
`stations`: the next serving cell of San Francisco taxis (``sf_cab_cells/``), learned on minutes 0 to 659, tested on 660
to 780 while the twins go on learning. The order of the predictor and the weight of the others' histories are chosen on
minutes 540 to 659 alone, the histories ending before them.
"""

import argparse
import csv
import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from twinhop.replay.forecasts import forecast_coverage
from twinhop.replay.sync_runs import best_fixed, run_delta, run_model, sample_period_s
from twinhop.replay.tracks import Track, model_positions, moved_tracks, tracks_of
from twinhop.scenario import geo
from twinhop.scenario.importers.sf_cells import busiest_cells, filled_forward, nearest_cell
from twinhop.scenario.mobility import MOBILITY_MODELS, GaussMarkov
from twinhop.twin.behaviour import (
    ConstantAcceleration,
    ConstantVelocity,
    Fleet,
    Level,
    NextStation,
    RevertingVelocity,
    Trend,
)

TOLERANCES_M, NOISE_M, LONGEST_PERIOD_S = (2.0, 5.0, 10.0), 1.0, 60.0
FEWER_ASKED, COVERAGE_ASKED, UPDATES_ASKED, APPLY_ASKED_US = 60.0, (0.85, 0.95), 5e6, 30.0
#: Users of the issue's movement stay off the borders of so wide a square.
WIDE_M, STEP_S = 20_000.0, 60.0
TWINS, ROUNDS, SINGLE_ROUNDS = 100_000, 20, 20_000
FIRST_TEST, LAST_TEST, LONGEST_GAP_MIN, PRESENCE = 660, 780, 15, 0.99
#: Constants of the next-station predictor are tried from this minute on; minute by minute with every so many taxis.
FIRST_VALIDATION, VALIDATION_EVERY = 540, 8
ORDERS, WEIGHTS = (1, 2, 3), (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
TOGETHER = "own history and others'"


def print_row(row):
    print(json.dumps({name: round(value, 5) if isinstance(value, float) else value for name, value in row.items()}))


def gauss_markov(direction_sigma_deg, arguments, side_m=WIDE_M):
    model = GaussMarkov(
        kind="gauss_markov",
        alpha=0.85,
        mean_speed_mps=10.0,
        speed_sigma_mps=2.0,
        direction_sigma_deg=direction_sigma_deg,
    )
    positions = model_positions(model, arguments.users, 1.0, arguments.seed, side_m)
    return moved_tracks(positions, arguments.seconds, NOISE_M, arguments.seed)


def melbourne(folder):
    """The walks, each in metres around its first row; a row is taken to be a minute after the one before."""
    tracks = []
    for path in sorted((folder / "ifogsim2_melb").glob("*sersLocation-melbCBD_*.csv")):
        with path.open(encoding="utf-8") as stream:
            rows = [{name.strip(): value for name, value in row.items()} for row in csv.DictReader(stream)]
        lat = np.array([float(row["Latitude"]) for row in rows])
        lon = np.array([float(row["Longitude"]) for row in rows])
        xy_m = np.column_stack(geo.project(lat, lon, (float(lat[0]), float(lon[0]))))
        tracks.append(Track(path.stem, STEP_S * np.arange(len(rows)), xy_m, xy_m))
    return tracks


def worlds(arguments):
    """The movements of `sync`, the noise that the model is told, and the longest period in samples."""
    yield "gauss_markov, direction sigma 45 degrees", gauss_markov(45.0, arguments), NOISE_M
    yield "gauss_markov, straight", gauss_markov(0.0, arguments), NOISE_M
    if arguments.trace:
        source = arguments.trace
        yield (
            source,
            tracks_of(source, arguments.users, arguments.seconds, 1.0, NOISE_M, arguments.seed).tracks,
            NOISE_M,
        )
    if (arguments.data / "ifogsim2_melb").is_dir():
        yield "melbourne walks, one row a minute", melbourne(arguments.data), 0.1
    else:
        print_row({"skipped": f"no ifogsim2_melb in {arguments.data}"})


def sync(arguments):
    for world, tracks, noise_m in worlds(arguments):
        longest_s = LONGEST_PERIOD_S * sample_period_s(tracks)
        for tolerance_m in TOLERANCES_M:
            sync_rows(world, tracks, noise_m, tolerance_m, longest_s)


def sync_rows(world, tracks, noise_m, tolerance_m, longest_s):
    motion = ConstantVelocity(2, measurement_sigma=noise_m)
    reverting = RevertingVelocity(2, measurement_sigma=noise_m)
    found = {
        "model": run_model(tracks, tolerance_m, longest_s, motion),
        "model, reverting velocity": run_model(tracks, tolerance_m, longest_s, reverting),
        "delta": run_delta(tracks, tolerance_m, longest_s),
    }
    p95_m = found["model"].p95_error_m
    found["fixed, held"] = best_fixed(tracks, p95_m)
    found["fixed, by the model"] = best_fixed(tracks, p95_m, motion)
    model = found["model"].to_json()
    for name, run in found.items():
        facts = run.to_json()
        row = {"world": world, "tolerance_m": tolerance_m, "policy": name, "devices": len(tracks)}
        row |= {field: facts[field] for field in ("updates", "bits", "error_p50_m", "error_p95_m", "error_max_m")}
        row |= {field: facts[field] for field in ("mean_age_s", "peak_age_s")} | {"label": facts["label"]}
        if name.startswith("fixed"):
            row["model_fewer_updates_percent"] = 100 * (1 - model["updates"] / facts["updates"])
            row["model_fewer_bits_percent"] = 100 * (1 - model["bits"] / facts["bits"])
            if tolerance_m == 10 and world.startswith("gauss"):
                row["reached"] = (
                    row["model_fewer_updates_percent"] >= FEWER_ASKED and row["model_fewer_bits_percent"] > 0
                )
        print_row(row)


def coverage(arguments):
    worlds = {name: model.model_validate({"kind": name}) for name, model in MOBILITY_MODELS.items()}
    for name, model in worlds.items():
        positions = model_positions(model, arguments.users, 1.0, arguments.seed)
        coverage_rows(name, moved_tracks(positions, arguments.seconds, NOISE_M, arguments.seed))
    coverage_rows("gauss_markov of `sync`", gauss_markov(45.0, arguments))
    coverage_rows("gauss_markov of `sync`, straight", gauss_markov(0.0, arguments))


def coverage_rows(world, tracks):
    for model in (ConstantVelocity(2), ConstantAcceleration(2), RevertingVelocity(2)):
        rows = forecast_coverage(tracks, model)
        low, high = COVERAGE_ASKED
        row = {"world": world, "model": model.kind, "ahead_s": [each.ahead_s for each in rows]}
        row |= {"covered_percent": [round(100 * each.covered, 1) for each in rows]}
        row |= {"calibrated_percent": [round(100 * each.calibrated, 1) for each in rows]}
        row |= {"scale": [round(each.scale, 2) for each in rows]}
        row |= {"error_p50_m": [round(each.error_p50_m, 1) for each in rows]}
        print_row(row | {"reached": all(low <= each.calibrated <= high for each in rows)})


def speed(_arguments):
    for model in (ConstantVelocity(2), ConstantAcceleration(2), RevertingVelocity(2), Level(1), Trend(1)):
        one, two = fleet_seconds(model, 1), fleet_seconds(model, 2)
        row = {"model": model.kind, "width": model.width, "twins": TWINS}
        row |= {"updates_per_s_one_thread": TWINS / one, "updates_per_s_two_threads": TWINS / two}
        row |= {"single_update_median_us": single_update_us(model)}
        reached = TWINS / two >= UPDATES_ASKED and row["single_update_median_us"] <= APPLY_ASKED_US
        print_row(row | {"reached": reached})


def fleet_seconds(model, threads):
    """The shortest time in which all twins are updated once, each thread with its share of them."""
    values = np.random.default_rng(1).standard_normal((TWINS, model.width))
    shares = np.array_split(values, threads)
    fleets = [Fleet(model, len(share)) for share in shares]
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for number in range(ROUNDS):
            times = [np.full(len(share), float(number)) for share in shares]
            began = time.perf_counter()
            jobs = [pool.submit(Fleet.update, *job) for job in zip(fleets, times, shares, strict=True)]
            for job in jobs:
                job.result()
            best = min(best, time.perf_counter() - began)
    return best


def single_update_us(model):
    taken, value = [], np.ones(model.width)
    learner = type(model).from_arrays(model.arrays())
    for number in range(SINGLE_ROUNDS):
        began = time.perf_counter_ns()
        learner.update(float(number), value)
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1000


def stations(arguments):
    folder = arguments.data / "sf_cab_cells"
    if not folder.is_dir():
        print_row({"skipped": f"no sf_cab_cells in {arguments.data}"})
        return
    cells, kept = serving_cells(folder)
    for stays in (True, False):
        task = "next minute's cell" if stays else "next other cell"
        order, weight = chosen_constants(task, cells[:FIRST_TEST], kept, stays)
        others = histories(cells[:FIRST_TEST], stays)
        learners = {f"own history, order {k}": {"order": k} for k in ORDERS}
        learners[TOGETHER] = {"order": order, "population": others, "population_weight": weight}
        predictors = (transitions(others, kept), learners)
        for name, ranks in ranked(cells, stays, predictors, (FIRST_TEST, LAST_TEST)).items():
            constants = {"order": order, "population_weight": weight} if name == TOGETHER else {}
            print_row({"task": task, "stations": kept, "predictor": name} | constants | accuracy(ranks))


def chosen_constants(task, cells, kept, stays):
    """Order and weight of the others' histories, chosen before the first test minute.

    Of all pairs, the one with the best top-1 accuracy on the last minutes, the histories ending before them; of equal
    ones, the one with the better top-3 accuracy.
    """
    others = histories(cells[:FIRST_VALIDATION], stays)
    pairs = {f"{k}, {weight}": (k, weight) for k in ORDERS for weight in WEIGHTS}
    learners = {
        name: {"order": k, "population": others, "population_weight": weight} for name, (k, weight) in pairs.items()
    }
    window = (FIRST_VALIDATION, FIRST_TEST - 1)
    chain = transitions(others, kept)
    found = ranked(cells[:, :: VALIDATION_EVERY if stays else 1], stays, (chain, learners), window)
    scores = {name: accuracy(found[name]) for name in pairs}
    for name, (k, weight) in pairs.items():
        print_row({"validation": task, "order": k, "population_weight": weight} | scores[name])
    return pairs[max(pairs, key=lambda name: (scores[name]["top1_percent"], scores[name]["top3_percent"]))]


def accuracy(ranks):
    found = np.array(ranks)
    shares = {f"top{places}_percent": 100 * float((found < places).mean()) for places in (1, 3)}
    return {"tests": len(found)} | shares


def serving_cells(folder):
    """(minutes, taxis) kept cells from 0, -1 where absent, and how many are kept: the busiest before the test."""
    with (folder / "sf_cells.csv").open(encoding="utf-8") as stream:
        sites = np.array([(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(stream)])
    present = filled_forward(np.load(folder / "sf_serving_1min.npz")["serving"].astype(np.int64), LONGEST_GAP_MIN)
    busiest = busiest_cells(present[:FIRST_TEST], len(sites), PRESENCE)
    nearest = np.searchsorted(busiest, nearest_cell(sites, busiest))
    return np.where(present > 0, nearest[np.maximum(present, 1) - 1], -1), len(busiest)


def visits_of(taxi, stays):
    """(minute, cell) of a taxi, only changes unless stays count."""
    visits = [(minute, int(cell)) for minute, cell in enumerate(taxi) if cell >= 0]
    if stays:
        return visits
    return [visit for at, visit in enumerate(visits) if at == 0 or visits[at - 1][1] != visit[1]]


def histories(cells, stays):
    """The paths of all taxis, one after the other, -1 after each."""
    return np.array([cell for taxi in cells.T for _, cell in (*visits_of(taxi, stays), (0, -1))])


def transitions(paths, kept):
    """(K, K) transitions of all taxis."""
    counts = np.zeros((kept, kept))
    within = (paths[:-1] >= 0) & (paths[1:] >= 0)
    np.add.at(counts, (paths[:-1][within], paths[1:][within]), 1)
    return counts


def ranked(cells, stays, predictors, window):
    """By predictor, the rank of the true next cell for every minute of a window.

    The predictors are the (K, K) transitions of the population and, by name, the constants of next-station models.
    """
    ranks = {}
    for taxi in cells.T:
        rank_taxi(taxi, stays, predictors, window, ranks)
    return ranks


def rank_taxi(taxi, stays, predictors, window, ranks):
    chain, learners = predictors
    kept = len(chain)
    models = {name: NextStation(kept, stays=stays, **constants) for name, constants in learners.items()}
    visits = visits_of(taxi[: window[1] + 1], stays)
    for (minute, cell), (following, target) in zip(visits, visits[1:], strict=False):
        for model in models.values():
            model.update(60.0 * minute, np.array([float(cell)]))
        if following < window[0] or (stays and following != minute + 1):
            continue
        guesses = {name: model.predict(60.0 * following).mean for name, model in models.items()}
        guesses["population's Markov chain"] = chain[cell]
        if stays:
            guesses["stays"] = np.arange(kept) == cell
        for name, weights in guesses.items():
            order = np.argsort(-weights.astype(float), kind="stable")
            ranks.setdefault(name, []).append(int(np.flatnonzero(order == target)[0]))


CASES = {"sync": sync, "coverage": coverage, "speed": speed, "stations": stations}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--trace")
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for name, case in CASES.items():
        if arguments.only in (None, name):
            case(arguments)


if __name__ == "__main__":
    main()
