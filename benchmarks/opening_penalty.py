"""What a penalty on opening logits costs where nothing saturates: constant, annealed, beyond a magnitude, and none.

    python benchmarks/opening_penalty.py [--seeds 3] [--iterations 1000] [--out docs/learning/opening-penalty.json]

The recipe of `benchmarks/learning.py`, shorter, on random topologies of proto-n100-m10 with varied prices; every run is
judged on 20 worlds each of three presets, of the seeds 500 and up on which weights are validated: none of evaluation.
Gaps are above the bound of `lagrangian`, decoded with load calibration, and with ten moves more; saturation is the
share of openings in training that are as good as certain in the end. Runs that the file has are not done again.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
import time
from functools import partial
from pathlib import Path

import jax
import numpy as np

import twinhop
from learning import CHUNK, COMMUNICATION_SPREAD, ENVIRONMENTS, OPENING_SPREAD, TRAINED_ON
from twinhop.env.core import params_of
from twinhop.inference import Decider
from twinhop.inference.instance import instance_of_problem
from twinhop.inference.policy import hosts_cost
from twinhop.io.json_text import write_json
from twinhop.learn.sources import EnvironmentSource
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg
from twinhop.placement import solve
from twinhop.plans.planning import make_case
from twinhop.studies.provenance import MADE, made_by

VARIANTS = {
    "none": {},
    "constant 0.03": {"opening_penalty": 0.03},
    "annealed 0.03": {"opening_penalty": 0.03, "opening_penalty_last_share": 0.0},
    "0.03 beyond 4": {"opening_penalty": 0.03, "opening_penalty_beyond": 4.0},
}
PRESETS, FIRST_SEED, WORLDS = ("lu2021-n100-m10", "family(100, 10)", "city-small"), 500, 20
MOVES = {"calibrated": 0, "10 moves": 10}


def trained(algorithm, seed, source):
    """Weights, saturation in the end and processor time [s]; compiled for each variant."""
    start = jax.jit(algorithm.start)
    advance = jax.jit(partial(algorithm.advance, iterations=CHUNK), donate_argnums=0)
    state, busy, log = start(jax.random.key(seed), source), 0.0, {}
    for chunk in range(algorithm.config.iterations // CHUNK):
        began = time.process_time()
        state, log = jax.block_until_ready(advance(state, source))
        busy += (time.process_time() - began) * (chunk > 0)
    return state.actor, float(log["saturation"].mean()), busy


def gaps(decider, problems, bounds):
    """Mean gaps [%] by decoding; infinite where a plan breaks a limit."""
    found = {}
    for name, moves in MOVES.items():
        hosts = [decider(instance_of_problem(problem), "calibrated", moves) for problem in problems]
        costs = [hosts_cost(problem, host) for problem, host in zip(problems, hosts, strict=True)]
        found[name] = round(100 * float(np.mean(np.array(costs) / bounds - 1)), 4)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[1] / "docs/learning/opening-penalty.json")
    asked = parser.parse_args()
    rows = json.loads(asked.out.read_text(encoding="utf-8"))["rows"] if asked.out.exists() else []
    source = EnvironmentSource(
        params_of(twinhop.load(TRAINED_ON, 0), "placement", redraws=True),
        ENVIRONMENTS,
        OPENING_SPREAD,
        COMMUNICATION_SPREAD,
    )
    worlds = {
        name: [make_case(name, seed).problem for seed in range(FIRST_SEED, FIRST_SEED + WORLDS)] for name in PRESETS
    }
    bounds = {name: np.array([solve(problem).lower_bound for problem in worlds[name]]) for name in PRESETS}
    for seed in range(asked.seeds):
        for name, fields in VARIANTS.items():
            known = {"variant": name, "seed": seed, "iterations": asked.iterations}
            if any(known.items() <= row.items() for row in rows):
                continue
            algorithm = StructuredMaddpg(StructuredConfig(iterations=asked.iterations, **fields))
            actor, saturation, busy = trained(algorithm, seed, source)
            by_preset = {preset: gaps(Decider(actor), worlds[preset], bounds[preset]) for preset in PRESETS}
            rows.append({**known, "saturation": round(saturation, 4), "core_s": round(busy, 1), "gaps": by_preset})
            asked.out.parent.mkdir(parents=True, exist_ok=True)
            write_json(asked.out, {MADE: made_by(), "rows": rows})
            print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    main()
