"""Migration policies against the certified offline bound, and the speed of runs; one JSON line a figure.

    python benchmarks/migration.py [--data DIR] [--only choose|table|blind|speed] [--seeds 5] [--limit 60]

`choose` scores the settings of every policy that has some on four stretches of two hours of San Francisco before
minute 660; `table` runs the best of each on the preset `sf-taxis-midday`, minutes 660 to 779, which nothing was chosen
by, and prints cost over bound with 95 % intervals over seeds (from five on), which draw sizes of updates and twins and
CPUs. `blind` does the same for `stay` and `expected` where users and stations are chosen by earlier minutes as well.
All three need the data set ``sf_cab_cells`` in the data folder and are skipped, saying so, where it is absent. `speed`
times the command, with its peak memory, and runs without files; peers are in `env_speed.py`.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from twinhop.migration.offline import offline
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem
from twinhop.migration.simulate import outcomes
from twinhop.scenario import load_scenario
from twinhop.scenario.importers import save_sf_taxis
from twinhop.scenario.importers.sf_cells import nearest_cell, read_record
from twinhop.stats import mean_interval

#: First minutes of the stretches by which settings are chosen, and of the one that is reported.
CHOICE_MINUTES, TEST_MINUTE, MINUTES = (180, 300, 420, 540), 660, 120
#: Minutes by which `blind` chooses users, who are present throughout them, and stations.
KNOWN_MINUTES = (540, 659)
CHOICE_SEEDS = (100,)  # sizes and CPUs; those of the report are 0, 1, ...
#: What `choose` found best of each policy; run it to see the others.
CHOSEN = {
    "hysteresis": "hysteresis:margin_ms=100:slots=1",
    "utility": "utility:margin=0.2",
    "replan": "replan:every=60",
    "mdp_threshold": "mdp_threshold:hosts=opened",
    "lookahead": "lookahead:horizon=60:predict=next_station",
    "expected": "expected:plan_slots=240:margin=1.5:strength=0",
}


def taxis(data, first, folder, chosen_by=None):
    """The scenario of two hours from a minute on, told of everything before."""
    files = data / "sf_cab_cells"
    out = Path(folder) / f"sf-{first}.yaml"
    save_sf_taxis(
        files / "sf_cells.csv",
        files / "sf_serving_1min.npz",
        out,
        from_minute=first,
        to_minute=first + MINUTES - 1,
        past_from=0,
        throughout=True,
        chosen_by=chosen_by,
        preset="sf-taxis-midday",
        overwrite=True,
    )
    return load_scenario(out)


class ToldOfAll(MigrationRun):
    """A run told of the past of every taxi of the record, not only of those that are present throughout."""

    def __init__(self, scenario, data):
        super().__init__(scenario)
        self._files = data / "sf_cab_cells" / "sf_cells.csv", data / "sf_cab_cells" / "sf_serving_1min.npz"

    def past_access(self):
        """Blocks as wide as the run, parted by a slot without anybody; that of the run's own taxis comes last."""
        own, record = super().past_access(), read_record(*self._files)
        kept = np.array([int(name.removeprefix("cell")) - 1 for name in self.world_run.station_ids])
        station = np.searchsorted(kept, nearest_cell(record.sites.positions, kept))
        others = sorted(
            set(range(record.present.shape[1])) - {int(name.removeprefix("taxi")) for name in self.user_ids}
        )
        cells = record.present[: len(own), others]
        access, blocks = np.where(cells > 0, station[cells - 1], -1), []
        for at in range(0, len(others), own.shape[1]):
            block = np.full((len(own) + 1, own.shape[1]), -1)
            part = access[:, at : at + own.shape[1]]
            block[:-1, : part.shape[1]] = part
            blocks.append(block)
        return np.concatenate([*blocks, own])


def mean_cost(run, policy):
    """Mean cost of a slot, what became of it, and the policy's median time [ms]."""
    costs, moves, fallbacks, decision_s = [], 0, 0, []
    for outcome in outcomes(run, policy_choice(policy)):
        costs.append(outcome.cost.total)
        moves += int(outcome.moved.sum())
        fallbacks += outcome.fallbacks
        decision_s.append(outcome.decision_s)
    return math.fsum(costs) / len(costs), moves, fallbacks, 1e3 * statistics.median(decision_s)


def choose(data, folder):
    """Score settings on the earlier stretches, as mean cost over that of `stay` in the same run."""
    runs = [
        MigrationRun(taxis(data, first, folder).with_seed(seed)) for first in CHOICE_MINUTES for seed in CHOICE_SEEDS
    ]
    stays = [mean_cost(run, "stay")[0] for run in runs]
    for name, settings in grid().items():
        scores = {}
        for setting in settings:
            ratios = [mean_cost(run, setting)[0] / stay for run, stay in zip(runs, stays, strict=True)]
            scores[setting] = statistics.mean(ratios)
            print_row({"figure": "choice", "policy": setting, "cost_over_stay": scores[setting]})
        print_row({"figure": "chosen", "policy": name, "setting": min(scores, key=scores.get)})


def grid():
    """The settings that are tried."""
    return {
        "hysteresis": [f"hysteresis:margin_ms={m}:slots={s}" for m in (50, 100, 200) for s in (1, 10)],
        "utility": [f"utility:margin={margin}" for margin in (0, 0.02, 0.05, 0.1, 0.2)],
        "replan": [f"replan:every={every}" for every in (1, 30, 60)],
        "mdp_threshold": [f"mdp_threshold:hosts={hosts}" for hosts in ("any", "opened")],
        "lookahead": [f"lookahead:horizon={h}:predict={p}" for p in ("last", "next_station") for h in (5, 10, 20, 60)],
        "expected": [
            f"expected:plan_slots={plan}:margin={margin}:strength={strength}"
            for plan, margin, strength in (
                *((240, margin, 0) for margin in (1, 1.25, 1.5, 2)),
                *((plan, 1.5, 0) for plan in (120, 480)),
                *((240, 1.5, strength) for strength in (30, 300)),
            )
        ],
    }


def table(data, folder, seeds, limit_s):
    """Every policy on the reported stretch, as cost over the bound of the same run."""
    over_bound(data, taxis(data, TEST_MINUTE, folder), reported(), seeds, limit_s)


def blind(data, folder, seeds, limit_s):
    """Users and stations chosen by the minutes before the run as well: nothing of it is known when it begins."""
    scenario = taxis(data, TEST_MINUTE, folder, KNOWN_MINUTES)
    over_bound(data, scenario, ["stay", CHOSEN["expected"], f"{CHOSEN['expected']}:end=open"], seeds, limit_s)


def over_bound(data, scenario, policies, seeds, limit_s):
    """Cost of policies over the certified bound of the same run, and its mean over seeds."""
    ratios = {}
    for seed in range(seeds):
        run = MigrationRun(scenario.with_seed(seed))
        answer = offline(run_problem(run), limit_s)
        plan = answer.cost.cost
        row = {"users": len(run.user_ids), "hosts": len(run.host_ids), "slots": run.slots}
        print_row(
            {"figure": "offline", "seed": seed, **row, "plan": plan, "bound": answer.bound, "gap": answer.gap}
            | {"seconds": answer.seconds, "asked": 0.002, "reached": answer.gap <= 0.002}
        )
        ratios.setdefault("offline plan", []).append((plan / answer.bound, 0, 0, 0.0))
        told = (CHOSEN["expected"], ToldOfAll(run.scenario, data), ", told of all taxis")
        for policy, where, words in (*((policy, run, "") for policy in policies), told):
            cost, *others = mean_cost(where, policy)
            ratios.setdefault(policy + words, []).append((cost / answer.bound, *others))
            print_row({"figure": "policy", "seed": seed, "policy": policy + words, "over_bound": cost / answer.bound})
    for policy, rows in ratios.items():
        over, moves, fallbacks, decision_ms = map(list, zip(*rows, strict=True))
        print_row(
            {"figure": "over bound", "policy": policy, "mean": statistics.mean(over), "interval": mean_interval(over)}
            | {"moves": statistics.mean(moves), "fallbacks": sum(fallbacks)}
            | {"decision_ms": statistics.median(decision_ms), "seeds": len(over)}
        )


def reported():
    """The policies of the table: without settings, as chosen, with the future known, and ablations of `expected`."""
    chosen = CHOSEN["expected"]
    return [
        "follow_nearest",
        "stay",
        "myopic",
        "utility_literal",
        *CHOSEN.values(),
        "lookahead:horizon=10:predict=last",
        "lookahead:horizon=10:predict=kalman",
        *(f"lookahead:horizon={h}:predict=oracle" for h in (5, 10, 20, 60)),
        "lookahead:horizon=60:predict=oracle:method=paths",
        *(f"{chosen}{without}" for without in (":past=none", ":end=open", ":move_slots=1", ":strength=30")),
    ]


def speed(folder):
    """The command with files written, and runs without them."""
    command = [sys.executable, "-m", "twinhop", "simulate", "family(1000, 50)", "--policies", "follow_nearest"]
    command += ["--slots", "600", "--animate", "none", "--out", str(Path(folder) / "out")]
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    gib = after.ru_maxrss / 2**20
    print_row(
        {"figure": "1000 x 50 x 600 with files", "seconds": seconds, "cpu_s": cpu_s, "peak_gib": gib}
        | {"asked": 20, "asked_gib": 2, "reached": seconds <= 20 and gib <= 2}
    )
    for name in ("lu2021-n100-m10", "family(100, 10)"):
        run, rates, cpu_rates = MigrationRun(load_scenario(name), slots=2000), [], []
        for _ in range(5):
            before, cpu_before = time.perf_counter(), time.process_time()
            for _ in outcomes(run, policy_choice("follow_nearest")):
                pass
            rates.append(run.slots / (time.perf_counter() - before))
            cpu_rates.append(run.slots / (time.process_time() - cpu_before))
        row = {"figure": "slots a second", "scenario": name, "median": statistics.median(rates), "best": max(rates)}
        row["median_a_cpu_second"] = statistics.median(cpu_rates)  # what other programs take does not count
        print_row(row | {"asked": 2000, "reached": max(rates) >= 2000})


def print_row(row):
    print(
        json.dumps({key: float(value) if isinstance(value, np.floating) else value for key, value in row.items()}),
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--only", choices=("choose", "table", "blind", "speed"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for job in ("choose", "table", "blind"):
            if given.only in (None, job):
                if not (given.data / "sf_cab_cells").is_dir():
                    print_row({"skipped": job, "because": f"{given.data} has no sf_cab_cells"})
                elif job == "choose":
                    choose(given.data, folder)
                else:
                    run_job = table if job == "table" else blind
                    run_job(given.data, folder, given.seeds, given.limit)
        if given.only in (None, "speed"):
            speed(folder)


if __name__ == "__main__":
    main()
