"""Certified gaps of structured MADDPG on unseen instances, by training seeds and decodings; one JSON line a row.

    python benchmarks/learning.py [--quick] [--seeds 5] [--out out/learning] [--only NAME]

Trains on random topologies of proto-n100-m10 with the prices of opening and of communication varied, one seed after
another in one compiled run, and keeps weights and bounds under `--out`, so that a run that was broken off goes on with
the next seed. Then every policy decides the same instances, of seeds 1000 and up; nothing was chosen on them. Gaps are
above the bound of the `lagrangian` policy. Training seconds leave out the compilation, which is printed by itself;
decisions are timed one by one once compiled. `--quick`: one seed of 300 iterations and ten instances, to see that
everything runs.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import statistics
import time
from functools import partial
from pathlib import Path

import jax
import numpy as np
from safetensors.numpy import load_file, save_file

import twinhop
from twinhop.env.core import params_of
from twinhop.inference import Decider
from twinhop.inference.instance import instance_of_problem
from twinhop.learn.sources import EnvironmentSource
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg, new_actor
from twinhop.placement.budget import Budget
from twinhop.placement.evaluation import evaluate
from twinhop.placement.placement import Placement
from twinhop.placement.search import Search
from twinhop.scenario import Scenario

FIRST_SEED = 1000
TRAINED_ON, ITERATIONS = "proto-n100-m10", 3000
ENVIRONMENTS, OPENING_SPREAD, COMMUNICATION_SPREAD, CHUNK = 16, 1.0, 0.7, 50
#: Row: scenario, users, stations, other fields, instances, mean gap asked when calibrated [%], and with ten moves more.
EQUAL_CPU = {"stations": {"cpu_gcycles_per_s": 16.0}}
CLUSTERS = {
    "users": {
        "generate": {
            "layout": "hot_spots",
            "hot_spots": [
                {"x_m": 400, "y_m": 400, "radius_m": 150, "share": 0.45},
                {"x_m": 1150, "y_m": 1000, "radius_m": 150, "share": 0.45},
            ],
        }
    }
}
ROWS = {
    "proto-n100-m10": ("proto-n100-m10", 100, 10, {}, 100, 0.6, 0.35),
    "proto at (80, 5)": ("proto-n100-m10", 80, 5, {}, 50, 1.2, None),
    "proto at (200, 20)": ("proto-n100-m10", 200, 20, {}, 50, 1.2, None),
    "proto, equal CPUs": ("proto-n100-m10", 100, 10, EQUAL_CPU, 50, None, None),
    "proto, equal CPUs, clustered users": ("proto-n100-m10", 100, 10, EQUAL_CPU | CLUSTERS, 50, None, None),
    "lu2021-n100-m10": ("lu2021-n100-m10", 100, 10, {}, 50, 1.0, None),
    "family(100, 10)": ("family(100, 10)", 100, 10, {}, 50, 1.0, None),
    "family(100, 10, capacity=15)": ("family(100, 10, capacity=15)", 100, 10, {}, 50, None, None),
}
BASELINES = ("lagrangian", "local_search", "greedy", "least_loaded", "nearest", "random")
DECODINGS = {
    "argmax": ("argmax", 0),
    "calibrated": ("calibrated", 0),
    "calibrated + 10 moves": ("calibrated", 10),
    "calibrated + 50 moves": ("calibrated", 50),
}


def merged(base, changes):
    """A nested mapping with some fields changed."""
    return base | {
        key: merged(base.get(key) or {}, value) if isinstance(value, dict) else value for key, value in changes.items()
    }


def scenario(name, users, stations, changes, seed):
    """A preset at another size and with other fields."""
    fields = twinhop.load(name, seed).model_dump(mode="json", exclude_unset=True)
    sizes = {"users": {"generate": {"count": users}}, "stations": {"generate": {"count": stations}}}
    return Scenario.model_validate(merged(merged(fields, sizes), changes) | {"seed": seed})


def trained(seed, out, iterations, source):
    """The weights of a seed, from its file or by training."""
    path = out / f"actor-{seed}-{iterations}.safetensors"
    config = StructuredConfig(iterations=iterations)
    template = new_actor(config, jax.random.key(0))
    leaves, tree = jax.tree.flatten(template)
    if not path.exists():
        state, row = train(seed, StructuredMaddpg(config), source)
        arrays = {str(at): np.asarray(leaf) for at, leaf in enumerate(jax.tree.leaves(state.actor))}
        save_file(arrays, path, {"row": json.dumps(row)})
        print(json.dumps(row), flush=True)
    arrays = load_file(path)
    return jax.tree.unflatten(tree, [arrays[str(at)] for at in range(len(leaves))])


COMPILED = {}


def train(seed, algorithm, source):
    """Where a run ends, and what to tell of it."""
    if algorithm not in COMPILED:
        begun = time.perf_counter()
        start = jax.jit(algorithm.start).lower(jax.random.key(0), source).compile()
        advance = jax.jit(partial(algorithm.advance, iterations=CHUNK), donate_argnums=0)
        state = start(jax.random.key(0), source)
        COMPILED[algorithm] = start, advance.lower(state, source).compile()
        print(json.dumps({"compiled_s": round(time.perf_counter() - begun, 1)}), flush=True)
    start, advance = COMPILED[algorithm]
    begun, busy = time.perf_counter(), time.process_time()
    state = start(jax.random.key(seed), source)
    for _ in range(algorithm.config.iterations // CHUNK):
        state, log = advance(state, source)
    cost = float(log["cost"].mean())
    row = {"seed": seed, "iterations": algorithm.config.iterations, "last_cost": round(cost, 4)}
    row |= {"train_s": round(time.perf_counter() - begun, 1), "train_cpu_s": round(time.process_time() - busy, 1)}
    return state, row


def largest_cpu_then_moves(problem):
    """The m stations of the largest CPU open, for every m, then all moves; the best m. No learning."""
    search = Search(problem, Budget())
    order = np.argsort(-np.where(problem.capacity > 0, problem.cpu, -1.0), kind="stable")
    for m in range(problem.least_open, int((problem.capacity > 0).sum()) + 1):
        usable = np.zeros(problem.stations, bool)
        usable[order[:m]] = True
        search.try_set(usable, np.full(problem.users, -1, np.int64))
    return search.placement().host


def instances(name, row, count, out):
    """Problems of a row, their bounds and the costs of the baselines, kept in a file."""
    preset, users, stations, changes = row[:4]
    problems, path = [], out / f"bounds-{name.replace(' ', '')}-{count}.json"
    known = json.loads(path.read_text()) if path.exists() else []
    for at in range(count):
        one = scenario(preset, users, stations, changes, FIRST_SEED + at)
        if at < len(known):
            problems.append(twinhop.plan(one, "nearest").case.problem)
            continue
        plans = {policy: twinhop.plan(one, policy) for policy in BASELINES}
        problem = plans["lagrangian"].case.problem
        by_cpu = cost_of(problem, largest_cpu_then_moves(problem))
        costs = {policy: plan.cost for policy, plan in plans.items()} | {"largest CPU, then moves": by_cpu}
        known.append({"bound": plans["lagrangian"].lower_bound, "costs": costs})
        problems.append(problem)
    path.write_text(json.dumps(known))
    return problems, known


def cost_of(problem, host):
    return evaluate(problem, Placement.of_hosts(host, problem.stations)).cost


def judged(decider, problems, known, decode, moves):
    """(gaps [%], decision times [ms]) of a policy."""
    gaps, times = [], []
    for problem, row in zip(problems, known, strict=True):
        instance = instance_of_problem(problem)
        decider(instance, decode, moves)
        begun = time.perf_counter()
        host = decider(instance, decode, moves)
        times.append(1e3 * (time.perf_counter() - begun))
        gaps.append(100 * (cost_of(problem, host) / row["bound"] - 1))
    return gaps, times


def told(name, policy, gaps, **more):
    row = {"instances of": name, "policy": policy, "gap_mean_percent": round(statistics.mean(gaps), 3)}
    print(json.dumps(row | {"gap_worst_percent": round(max(gaps), 2), "count": len(gaps)} | more), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("out/learning"))
    parser.add_argument("--only", help="only rows whose name contains this")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    seeds, iterations = (1, 300) if arguments.quick else (arguments.seeds, ITERATIONS)
    params = params_of(twinhop.load(TRAINED_ON, 0), "placement", redraws=True)
    source = EnvironmentSource(params, ENVIRONMENTS, OPENING_SPREAD, COMMUNICATION_SPREAD)
    deciders = [Decider(trained(seed, arguments.out, iterations, source)) for seed in range(seeds)]
    for name, row in ROWS.items():
        if arguments.only and arguments.only not in name:
            continue
        problems, known = instances(name, row, 10 if arguments.quick else row[4], arguments.out)
        for policy in known[0]["costs"]:
            told(name, policy, [100 * (each["costs"][policy] / each["bound"] - 1) for each in known])
        for decoding, (decode, moves) in DECODINGS.items():
            results = [judged(decider, problems, known, decode, moves) for decider in deciders]
            by_seed = [round(statistics.mean(gaps), 3) for gaps, _ in results]
            more = {"by_seed": by_seed, "decision_ms": round(statistics.median(sum((t for _, t in results), [])), 3)}
            asked = {"calibrated": row[5], "calibrated + 10 moves": row[6]}.get(decoding)
            if asked is not None:
                more |= {"gap_asked_percent": asked, "gap_reached": max(by_seed) <= asked}
            told(name, f"structured, {decoding}", sum((gaps for gaps, _ in results), []), **more)


if __name__ == "__main__":
    main()
