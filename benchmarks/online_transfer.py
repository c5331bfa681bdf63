"""Learned weights that adapt while twins move, against the offline bound; one JSON line a policy.

    python benchmarks/online_transfer.py [--quick] [--seeds 5] [--slots 300] [--out out/online]

Weights are trained on a city at rest. Then its users move, and the network changes: in `failures` stations fail and
return, users come and go and CPUs wander; in `dear` an open host moreover costs a hundred times what it did. `maddpg`
decides by the weights as they are, `transfer` adapts them in every slot by Algorithm 2 from what it has lived through;
both without local moves, which would mend what the weights get wrong. Cost is a mean over slots, regret is that over
the best offline plan; `regret_first` and `regret_last` are those of the first and the last third. Nothing was chosen
on these seeds.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
from pathlib import Path

import numpy as np
import polars as pl
import yaml

import twinhop
from twinhop.scenario import Scenario
from twinhop.training.training import train

FIRST_SEED, BOUND_S = 1000, 60.0
CITY = {
    "schema_version": 1,
    "name": "changing",
    "stations": {"generate": {"count": 8}},
    "users": {"generate": {"count": 40}},
    "objective": {"deadlines": False},
}
CHANGES = {
    "slot_s": 1,
    "churn": {"mean_present_s": 300, "mean_absent_s": 60},
    "cpu": {"kind": "ar1", "correlation_s": 60, "sigma_gcycles_per_s": 4},
    "failures": {"random": {"mean_up_s": 200, "mean_down_s": 60}},
}
DEAR = {"opening_s": 0.2}
WORLDS = {"failures": {}, "dear": DEAR}
OTHERS = ("stay", "follow_nearest", "myopic", "replan:every=10", "expected")


def trained(out, iterations):
    """The folder of a run on the city at rest; one that is there goes on."""
    folder = out / "source"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "city.yaml").write_text(yaml.safe_dump(CITY, sort_keys=False))
    config = {
        "schema_version": 1,
        "name": "before",
        "scenario": "city.yaml",
        "iterations": iterations,
        "checkpoint_every": iterations,
        "evaluation": {"every": iterations, "instances": 5},
    }
    (folder / "before.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    train(folder / "before.yaml", out=folder / "run")
    return folder / "run"


def third(costs, plan, at):
    """Regret of a third of the run."""
    rows = slice(at * len(plan) // 3, (at + 1) * len(plan) // 3)
    return float(costs[rows].sum() / plan[rows].sum() - 1.0)


def rows(simulation, world):
    """A row a policy: means over the seeds."""
    for policy, runs, row in zip(simulation.policies, simulation.runs, simulation.rows(), strict=True):
        costs = [pl.read_parquet(run.folder / "slots.parquet")["cost"].to_numpy() for run in runs]
        plans = [np.array(each.slot_cost_s) for each in simulation.offline]
        yield {
            "world": world,
            "policy": policy.split(":")[0] + (":" + policy.split(":", 2)[2] if policy.count(":") > 1 else ""),
            "cost_ms": round(1e3 * row["cost"], 3),
            "above_bound": round(row["above_bound"], 4),
            "interval": None
            if row["intervals"]["above_bound"] is None
            else [round(each, 4) for each in row["intervals"]["above_bound"]],
            "regret": round(row["regret"], 4),
            "regret_first": round(float(np.mean([third(c, p, 0) for c, p in zip(costs, plans, strict=True)])), 4),
            "regret_last": round(float(np.mean([third(c, p, 2) for c, p in zip(costs, plans, strict=True)])), 4),
            "moves": row["migrations"],
            "decision_ms": round(row["decision_ms_p50"], 2),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--slots", type=int, default=300)
    parser.add_argument("--out", type=Path, default=Path("out/online"))
    arguments = parser.parse_args()
    seeds, slots, iterations = (1, 30, 100) if arguments.quick else (arguments.seeds, arguments.slots, 1000)
    run = trained(arguments.out, iterations)
    learned = [f"maddpg:{run}:polish=0", *(f"transfer:{run}:polish=0:updates={each}" for each in (2, 8))]
    for world, migration in WORLDS.items():
        changing = {**CITY, "seed": FIRST_SEED, "movement": {**CHANGES, "slots": slots}, "migration": migration}
        simulation = twinhop.simulate(
            Scenario.model_validate(changing),
            [*learned, *OTHERS],
            seeds=seeds,
            jobs=1,
            bound=True,
            time_limit_s=BOUND_S,
            animation="none",
            out=arguments.out / world,
        )
        for row in rows(simulation, world):
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
