"""Statistics of the mobility models against their reference values, and how long a slot takes; one JSON line a figure.

    python benchmarks/mobility_statistics.py [--users 20000] [--seed 1]

A figure is ``reached`` when it lies within four standard errors of its reference. Times are those of a whole slot,
random draws included, on one core: the fastest of five rounds.
"""

import argparse
import itertools
import json
import math
import time

import numpy as np

from twinhop.scenario.mobility import MOBILITY_MODELS, GaussMarkov, ModelPositions, RandomWaypoint
from twinhop.scenario.place_sections import Area

MEAN_LEG, MEAN_SPEED = 0.5214054331647207, 0.472089
PAUSED, MEAN_SPEED_WITH_PAUSE = 0.0177862, 0.4636924
ERRORS = 4.0
PACE_GOALS_S = {1000: 60e-6, 100_000: 20e-3}
ROUNDS = 5


def states(model, users, area, slot_s, seed):
    """The states of a model from slot 0 on, without end; users are placed uniformly."""
    rng, draws = np.random.default_rng(seed), model.draws(area, slot_s)
    placed_m = rng.random((users, 2)) * (area.width_m, area.height_m)
    uniform = rng.random((draws.start_uniform, users))
    state = model.start(placed_m, uniform, rng.standard_normal((draws.start_normal, users)), area)
    for slot in itertools.count():
        yield state
        uniform, normal = rng.random((draws.uniform, users)), rng.standard_normal((draws.normal, users))
        state = model.step(state, uniform, normal, area, slot_s, slot * slot_s)


def figure(name, values, reference, error=None):
    """A mean against its reference, with the standard error of independent values if no other is given."""
    found = float(np.mean(values))
    error = float(np.std(values)) / math.sqrt(np.size(values)) if error is None else error
    reached = abs(found - reference) <= ERRORS * error
    return {"figure": name, "found": found, "reference": reference, "standard_error": error, "reached": reached}


def waypoint_legs(users, seed):
    """Lengths of the legs that begin within 200 slots, on the unit square."""
    model = RandomWaypoint(kind="random_waypoint", min_speed_mps=0.3, max_speed_mps=0.7)
    lengths, before = [], None
    for state in itertools.islice(states(model, users, Area(width_m=1.0, height_m=1.0), 0.05, seed), 200):
        goals = np.stack([state.goal_x_m, state.goal_y_m])
        if before is not None:
            way = np.hypot(*(goals - before))
            lengths.append(way[way > 0])
        before = goals
    yield figure("waypoint mean leg", np.concatenate(lengths), MEAN_LEG)


def waypoint_speeds(users, seed):
    """Speeds without and with pauses, in slot 0 and later."""
    for pause_s, slot, side_m in itertools.product((0.0, 2.0), (0, 400), (100.0,)):
        model = RandomWaypoint(kind="random_waypoint", min_speed_mps=0.3, max_speed_mps=0.7, pause_s=pause_s)
        area = Area(width_m=side_m, height_m=side_m)
        state = next(itertools.islice(states(model, users, area, 1.0, seed), slot, None))
        moving = state.until_next_s > pause_s
        speeds = np.hypot(state.velocity_x_mps, state.velocity_y_mps) * moving
        name = f"waypoint mean speed, pause {pause_s:g} s, slot {slot}"
        yield figure(name, speeds, MEAN_SPEED_WITH_PAUSE if pause_s else MEAN_SPEED)
        if pause_s:
            yield figure(f"waypoint paused share, slot {slot}", ~moving, PAUSED)


def gauss_markov_process(users, seed):
    """Mean, variance and correlation of the speed process, 100 slots of 1 s.

    A correlation is a mean of products of neighbours in one chain; chains are independent, so that the standard error
    comes from the means of chains.
    """
    model = GaussMarkov(kind="gauss_markov", alpha=0.75, speed_sigma_mps=1.0, mean_speed_mps=5.0)
    chain = itertools.islice(states(model, users, Area(), 1.0, seed), 101)
    values = np.array([state.speed_mps for state in chain]) - 5.0
    yield figure("gauss-markov variance", (values**2).mean(axis=0), 1.0)
    for lag in (1, 5):
        products = (values[:-lag] * values[lag:]).mean(axis=0)
        yield figure(f"gauss-markov lag {lag}", products, 0.75**lag)


def pace(kind, users):
    """Seconds a slot, draws included."""
    area = Area()
    placed_m = np.random.default_rng(0).random((users, 2)) * (area.width_m, area.height_m)
    names = tuple(f"u{index}" for index in range(users))
    slots = iter(ModelPositions(MOBILITY_MODELS[kind](kind=kind), placed_m, area, 1.0, 0, names))
    count = max(3, 1_000_000 // users)
    rounds = []
    for _ in range(ROUNDS + 1):
        started = time.perf_counter()
        for _ in itertools.islice(slots, count):
            pass
        rounds.append((time.perf_counter() - started) / count)
    row = {"figure": f"{kind} slot, {users} users", "found_s": min(rounds[1:])}
    if kind in ("random_waypoint", "gauss_markov"):
        row |= {"asked_s": PACE_GOALS_S[users], "reached": min(rounds[1:]) <= PACE_GOALS_S[users]}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    for statistics in (waypoint_legs, waypoint_speeds, gauss_markov_process):
        for row in statistics(asked.users, asked.seed):
            print(json.dumps(row), flush=True)
    for users, kind in itertools.product(PACE_GOALS_S, MOBILITY_MODELS):
        print(json.dumps(pace(kind, users)), flush=True)


if __name__ == "__main__":
    main()
