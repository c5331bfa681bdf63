"""Speed of the environment beside mobile-env, interleaved in the same run; one JSON line a measurement.

    python benchmarks/env_speed.py [--rounds 5] [--peer .venv-peers/bin/python]

Each round measures every case once, so that a machine that slows down slows all of them. Single loops run on one core,
twinhop's and mobile-env's in processes of their own that are pinned to it; batches have all cores. The channel is that
of TR 36.814 with correlated shadowing and Rayleigh fading on every link, users move by Gauss-Markov; mobile-env has its
own defaults, and fewer effects. `cpu_us` is the processor time a step of one environment, which other work on the
machine disturbs least. `make peers` builds the peers' Python.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

SCENARIO = """
schema_version: 1
name: speed-n{users}-m{stations}
area: {{width_m: {side_m}, height_m: {side_m}}}
radio: {{path_loss: tr36814_macro, shadowing: correlated, fading: rayleigh}}
stations: {{generate: {{count: {stations}}}, capacity_users: all, opening_s: 0.05}}
users: {{generate: {{count: {users}}}}}
objective: {{deadlines: false}}
"""
#: Case: id, users, stations, environments, steps; one environment is the single loop.
CASES = {
    "single placement": ("twinhop/Placement-v0", 100, 10, 1, 1500),
    "single migration": ("twinhop/Migration-v0", 100, 10, 1, 1500),
    "vmap placement": ("twinhop/Placement-v0", 100, 10, 256, 100),
    "vmap migration": ("twinhop/Migration-v0", 100, 10, 256, 100),
    "vmap large": ("twinhop/Placement-v0", 1000, 50, 16, 30),
    "vector placement": ("twinhop/Placement-v0", 100, 10, 256, 50),
}
ASKED = {"single placement": 2000, "single migration": 2000, "vmap placement": 50_000, "vmap large": 300}
MOBILE_ENV = "mobile-env single"
ASKED_RATIO = 75
ASKED_IMPORT_S = 1.5
WARM_STEPS = 30


def scenario(users, stations):
    from twinhop.scenario import parse_scenario

    return parse_scenario(SCENARIO.format(users=users, stations=stations, side_m=round(1500 * (stations / 10) ** 0.5)))


def single(task_id, users, stations, steps):
    """The plain loop: one action, one step."""
    import gymnasium

    import twinhop.env  # noqa: F401  (registers the ids)

    env = gymnasium.make(task_id, scenario=scenario(users, stations), disable_env_checker=True)
    env.reset(seed=0)
    action = env.action_space.sample()

    def go(count):
        for _ in range(count):
            if env.step(action)[3]:
                env.reset()

    return timed(go, steps, 1)


def vmapped(task_id, users, stations, environments, steps):
    """The functional core under vmap; states are given up to the step, as a learner's loop would."""
    import jax

    import twinhop.env
    from twinhop.env.core import Action, params_of, reset, step

    params = params_of(scenario(users, stations), twinhop.env.IDS[task_id])
    keys = jax.random.key_data(jax.random.split(jax.random.key(0), environments))
    seen, states = jax.jit(jax.vmap(reset, (0, None)))(keys, params)
    action = Action(jax.numpy.ones((environments, stations)), -seen.distance_m)
    move = jax.jit(jax.vmap(step, (0, 0, 0, None)), donate_argnums=1)
    now = {"state": states}

    def go(count):
        for _ in range(count):
            seen, now["state"], *_ = move(keys, now["state"], action, params)
        jax.block_until_ready(seen)

    return timed(go, steps, environments)


def vector(task_id, users, stations, environments, steps):
    """Gymnasium's vector interface, with observations in NumPy."""
    import gymnasium

    import twinhop.env  # noqa: F401

    env = gymnasium.make_vec(task_id, num_envs=environments, scenario=scenario(users, stations))
    env.reset(seed=0)
    actions = env.action_space.sample()

    def go(count):
        for _ in range(count):
            env.step(actions)

    return timed(go, steps, environments)


def timed(go, steps, environments):
    go(WARM_STEPS)
    wall, used = time.perf_counter(), time.process_time()
    go(steps)
    wall, used = time.perf_counter() - wall, time.process_time() - used
    return {
        "steps_per_s": steps * environments / wall,
        "cpu_us": 1e6 * used / (steps * environments),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured(case):
    task_id, users, stations, environments, steps = CASES[case]
    if case.startswith("single"):
        return single(task_id, users, stations, steps)
    kind = vector if case.startswith("vector") else vmapped
    return kind(task_id, users, stations, environments, steps)


MOBILE_ENV_PROGRAM = """
import json, os, sys, time
os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"
import numpy as np
from mobile_env.core.base import MComCore
from mobile_env.core.entities import BaseStation, UserEquipment
from mobile_env.core.util import deep_dict_merge
from mobile_env.handlers.central import MComCentralHandler

users, stations, side, steps = 100, 10, 300.0, 60
config = deep_dict_merge(MComCore.default_config(), {
    "width": side, "height": side, "EP_MAX_TIME": 100, "seed": 0, "handler": MComCentralHandler})
config["movement_params"].update({"width": side, "height": side})
config["arrival_params"].update({"ep_time": 100})
places = [((at % 4 + 0.5) * side / 4, (at // 4 + 0.5) * side / 3) for at in range(stations)]
env = MComCore([BaseStation(at, place, **config["bs"]) for at, place in enumerate(places)],
               [UserEquipment(at, **config["ue"]) for at in range(users)], config)
env.reset(seed=0)
env.action_space.seed(0)
for count in (5, steps):
    wall, used = time.perf_counter(), time.process_time()
    for _ in range(count):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()
    wall, used = time.perf_counter() - wall, time.process_time() - used
print(json.dumps({"steps_per_s": steps / wall, "cpu_us": 1e6 * used / steps}))
"""


def one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def in_process(case, peer):
    """A measurement in a process of its own."""
    if case == MOBILE_ENV:
        command, pinned = [peer, "-c", MOBILE_ENV_PROGRAM], True
    else:
        command, pinned = [sys.executable, __file__, "--case", case], case.startswith("single")
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=one_core if pinned else None, timeout=600
    )
    return json.loads(run.stdout.splitlines()[-1])


def import_s():
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import twinhop.env"], check=True)
    return time.perf_counter() - started


def report(rows):
    """Medians over the rounds, against what is asked for."""
    for case, runs in rows.items():
        row = {"case": case, **{name: statistics.median(run[name] for run in runs) for name in runs[0]}}
        row["best_steps_per_s"] = max(run["steps_per_s"] for run in runs)
        if case in ASKED:
            row |= {"asked": ASKED[case], "reached": row["steps_per_s"] >= ASKED[case]}
        print(json.dumps({name: round(value, 1) if isinstance(value, float) else value for name, value in row.items()}))
    if MOBILE_ENV in rows:
        for case in ("single placement", "single migration"):
            pairs = zip(rows[case], rows[MOBILE_ENV], strict=True)
            ratio = statistics.median(ours["steps_per_s"] / theirs["steps_per_s"] for ours, theirs in pairs)
            print(json.dumps({"case": case, "times_mobile_env": round(ratio, 1), "asked": ASKED_RATIO}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", default=".venv-peers/bin/python", help="a Python with mobile-env; left out if absent")
    parser.add_argument("--case", choices=CASES, help="measure one case in this process")
    given = parser.parse_args()
    if given.case:
        print(json.dumps(measured(given.case)))
        return
    cases = [*CASES, *([MOBILE_ENV] if Path(given.peer).exists() else [])]
    rows = {case: [] for case in cases}
    imports = [import_s() for _ in range(given.rounds + 1)][1:]
    for _ in range(given.rounds):
        for case in cases:
            rows[case].append(in_process(case, given.peer))
    report(rows)
    print(
        json.dumps(
            {"case": "import twinhop.env", "median_s": round(statistics.median(imports), 2), "asked_s": ASKED_IMPORT_S}
        )
    )
    print(json.dumps({"cores": len(os.sched_getaffinity(0)), "load": os.getloadavg()}))


if __name__ == "__main__":
    main()
