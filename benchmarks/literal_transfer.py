"""What Algorithm 2 does for the policies that the paper prints; one JSON line a shift and arm.

    python benchmarks/literal_transfer.py [--quick] [--seeds 5] [--out out/literal-transfer]

Algorithm 1 as printed learns in a small city (20 users, 3 stations), and goes on where the work is twice as much or
cells are small ones: `scratch`, `fine-tune` (Eq. 32 alone), `weights` (Eq. 32 and 34), `Algorithm 2` (the memory too),
and that with Eq. 34 as printed. Gaps are above certified bounds, on worlds that no run learns from: after three tenths
of the episodes, and at the end. A literal policy cannot go where stations or users are more or fewer; `twinhop
transfer` refuses it.
"""

import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import json
from pathlib import Path

import yaml

from twinhop.stats.bootstrap import mean_interval
from twinhop.stats.intervals import mean
from twinhop.training.training import train, transfer

CITY = {"schema_version": 1, "stations": {"generate": {"count": 3}}, "users": {"generate": {"count": 20}}}
TARGETS = {
    "load": {"compute": {"construction_cycles_per_bit": 200.0, "update_cycles_per_bit": 100.0}},
    "radio": {"radio": {"path_loss": "tr38901_umi"}},
}
KEPT = {"share": 0.0}
ARMS = {
    "fine-tune": {**KEPT, "rho": 0.0},
    "weights": {**KEPT, "rho": 0.05},
    "Algorithm 2": {"share": 0.5, "rho": 0.05},
    "Algorithm 2, Eq. 34 as printed": {"share": 0.5, "rho": 0.05, "decay": 1.0, "pull_reading": "literal"},
}
TENTHS, EARLY = 10, 3


def configuration(folder, name, scenario, seed, episodes):
    """The file of a run from scratch."""
    path = folder / f"{name}.yaml"
    section = {"every": episodes // TENTHS}
    fields = {"schema_version": 1, "name": name, "algorithm": "literal", "scenario": scenario, "topologies": "fixed"}
    fields |= {"seed": seed, "iterations": episodes, "checkpoint_every": episodes, "evaluation": section}
    path.write_text(yaml.safe_dump(fields, sort_keys=False))
    return path


def gaps(run):
    """Gaps to the bound after three tenths of a run, and at its end [%]."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    found = {line["iteration"]: line["evaluation/gap_percent"] for line in lines if "evaluation/gap_percent" in line}
    last = max(found)
    return found[last * EARLY // TENTHS], found[last]


def curves(folder, seed, episodes):
    """Gaps of every shift and arm."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, fields in {"city": {}, **TARGETS}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**CITY, "name": name, **fields}, sort_keys=False))
    train(configuration(folder, "before", "city.yaml", seed, episodes), out=folder / "before-run")
    for name in TARGETS:
        made = configuration(folder, f"scratch-{name}", f"{name}.yaml", seed + 1, episodes)
        train(made, out=folder / f"{name}-scratch")
        yield name, "scratch", gaps(folder / f"{name}-scratch")
        for at, (arm, fields) in enumerate(ARMS.items()):
            out = folder / f"{name}-{at}"
            transfer(
                [folder / "before-run"], folder / f"{name}.yaml", out=out, iterations=episodes, seed=seed, **fields
            )
            yield name, arm, gaps(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("out/literal-transfer"))
    arguments = parser.parse_args()
    seeds, episodes = (1, 40) if arguments.quick else (arguments.seeds, 1000)
    found = {}
    for seed in range(seeds):
        for shift, arm, ends in curves(arguments.out / f"seed-{seed}", seed, episodes):
            found.setdefault((shift, arm), []).append(ends)
    for (shift, arm), ends in found.items():
        early, final = zip(*ends, strict=True)
        row = {"shift": shift, "arm": arm, "seeds": len(ends), "gap_early_percent": round(mean(early), 2)}
        interval = mean_interval(final)
        row |= {"gap_final_percent": round(mean(final), 2)}
        row |= {"interval": None if interval is None else [round(each, 2) for each in interval]}
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
