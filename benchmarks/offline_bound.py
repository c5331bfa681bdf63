"""How close the offline bound of a run and the best offline plan come; one JSON line a figure.

    python benchmarks/offline_bound.py [--data DIR] [--limit 60] [--only NAME]

All are variations of the preset `sf-taxis-midday`: 120 minutes of San Francisco from minute 660, 186 taxis, 52 hosts.
The data set ``sf_cab_cells`` is read from the data folder; without it nothing is run, saying so.
"""

import argparse
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from twinhop.migration.offline import offline
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem
from twinhop.migration.wire_table import WireTable
from twinhop.scenario import load_scenario
from twinhop.scenario.importers import save_sf_taxis

FIRST_MINUTE, MINUTES = 660, 120


def midday(data, folder):
    """The problem of the preset."""
    files, out = data / "sf_cab_cells", Path(folder) / "sf.yaml"
    save_sf_taxis(
        files / "sf_cells.csv",
        files / "sf_serving_1min.npz",
        out,
        from_minute=FIRST_MINUTE,
        to_minute=FIRST_MINUTE + MINUTES - 1,
        past_from=0,
        throughout=True,
        preset="sf-taxis-midday",
        overwrite=True,
    )
    return run_problem(MigrationRun(load_scenario(out).with_seed(0)))


def keep(problem, kept, users):
    """The visits where ``kept`` (P,) and the users given, the weight of a slot over those that are left."""
    kept = kept & np.isin(problem.user, users)
    user, slot = problem.user[kept], problem.slot[kept]
    slots = int(slot.max()) + 1
    before = np.bincount(problem.slot, minlength=problem.slots)[:slots]
    moves = WireTable(problem.moves.unit_s, problem.moves.group[users], problem.moves.scale[users])
    return replace(
        problem,
        slots=slots,
        first=np.searchsorted(user, np.append(users, problem.users)),
        slot=slot,
        comm_s=problem.comm_s[kept],
        root_work=problem.root_work[users],
        cpu=problem.cpu[:slots] * len(users) / problem.users,
        capacity=problem.capacity[:slots],
        opening_s=problem.opening_s[:slots],
        weight=problem.weight[:slots] * before / np.bincount(slot),
        moves=moves,
        user_ids=(),
    )


def variations(problem):
    """Names and problems."""
    rng, everybody, always = np.random.default_rng(0), np.arange(problem.users), np.ones(problem.visits, bool)
    down = rng.random(problem.capacity.shape) < 0.05
    present = rng.random(problem.visits) < 0.7
    some = np.sort(rng.permutation(problem.users)[:50])
    yield "all", problem
    yield "30 slots", keep(problem, problem.slot < 30, everybody)
    yield "50 users, CPUs in proportion", keep(problem, always, some)
    yield "a tenth of the opening cost", replace(problem, opening_s=problem.opening_s * 0.1)
    yield "users absent in 30 % of the slots", keep(problem, present, everybody)
    yield "hosts down in 5 % of the slots", replace(problem, capacity=np.where(down, 0, problem.capacity))
    yield "15 seats a host", replace(problem, capacity=np.minimum(problem.capacity, 15))
    yield "8 seats a host", replace(problem, capacity=np.minimum(problem.capacity, 8))


def main():
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a run")
    parser.add_argument("--only", help="the name of one variation")
    chosen = parser.parse_args()
    if not (chosen.data / "sf_cab_cells").is_dir():
        print(json.dumps({"skipped": f"no folder sf_cab_cells in {chosen.data}"}))
        return
    with tempfile.TemporaryDirectory() as folder:
        problem = midday(chosen.data, folder)
    offline(keep(problem, problem.slot < 3, np.arange(problem.users)))  # compiles
    for name, varied in variations(problem):
        if chosen.only in (None, name):
            answer = offline(varied, chosen.limit)
            shape = {"users": varied.users, "slots": varied.slots, "hosts": varied.hosts}
            found = {"plan": answer.cost.cost, "bound": answer.bound, "violations": answer.cost.violations}
            gap = {"gap_percent": round(100 * answer.gap, 3), "seconds": round(answer.seconds, 1)}
            print(json.dumps({"run": name, **shape, **found, **gap, "moves": answer.cost.moves}), flush=True)


if __name__ == "__main__":
    main()
