"""How long a live controller takes to decide, and what holds still meanwhile; one JSON line a policy.

    python benchmarks/live_controller.py [--users 1500] [--stations 63] [--slots 4] [--policies a,b]

A host on a folder with a twin a user and the controller in one process, as `twinhop serve` runs them: devices report
once a second in batches of 50, by Gauss-Markov, while the controller decides every few seconds and moves twins by
itself. Given are the wall seconds of the first decision, from the controller's start on, and of later ones; the largest
time by which an asyncio loop that sleeps a millisecond at a time came late, and the largest between an update's
submission and its being applied, while the controller decided and before it ran, as other programs make both late, too.
Run it twice: the first run may compile.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from twinhop.live import Entry, Host, Kind, Limits, TwinSpec
from twinhop.live.control import Controller, ControllerConfig
from twinhop.live.projections.roster import Roster
from twinhop.live.sqlite import open_folder
from twinhop.scenario.mobility import GaussMarkov, ModelPositions
from twinhop.scenario.presets.family import family
from twinhop.twin import Dimension, Retention, TwinSchema, Update

BATCH, SLEEP_S, WAIT_S = 50, 1e-3, 120.0
SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
        Dimension(name="load", kind="scalar", unit="1"),
    )
)
SPEC = TwinSpec(
    state_schema=SCHEMA, models={"position": "constant_velocity", "load": "level"}, retention=Retention(max_records=300)
).model_dump_json()


class LateLoop:
    """An asyncio loop in a thread of its own, and by how much it came late at most."""

    def __init__(self):
        self.most_s, self._runs = 0.0, True
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()

    async def _run(self):
        while self._runs:
            before = time.perf_counter()
            await asyncio.sleep(SLEEP_S)
            self.most_s = max(self.most_s, time.perf_counter() - before - SLEEP_S)

    def taken(self):
        """The largest so far, which begins anew."""
        most, self.most_s = self.most_s, 0.0
        return most

    def stop(self):
        """End, and wait for the end."""
        self._runs = False
        self._thread.join()


class Devices:
    """All users report where they are, once a second."""

    def __init__(self, host, ids, positions):
        self._host, self._ids, self._positions = host, ids, positions
        self.late, self._runs = [], True
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        for seq, xy_m in enumerate(self._positions, 1):
            begun = time.monotonic()
            for first in range(0, len(self._ids), BATCH):
                now_s, names = self._host.now_s(), self._ids[first : first + BATCH]
                entries = [
                    Entry(Kind.UPDATE, name, Update(seq, now_s, np.array([*spot, 1.0]), 1, now_s))
                    for name, spot in zip(names, xy_m[first : first + BATCH].tolist(), strict=True)
                ]
                submitted = time.perf_counter()
                future = self._host.submit_and_wait(entries)
                future.add_done_callback(lambda _, at=submitted: self.late.append(time.perf_counter() - at))
                time.sleep(0.5 * BATCH / len(self._ids))
            if not self._runs:
                return
            time.sleep(max(begun + 1.0 - time.monotonic(), 0.0))

    def taken(self):
        """The largest time to be applied so far, which begins anew."""
        late, self.late = self.late, []
        return max(late, default=0.0)

    def stop(self):
        """End, and wait for the end."""
        self._runs = False
        self._thread.join()


def measure(policy, users, stations, slots, slot_s):
    scenario = family(users, stations)
    with tempfile.TemporaryDirectory() as base, open_folder(Path(base) / "data") as folder:
        roster = Roster(Path(base) / "data")
        host = Host(folder.engine, Limits(), listen=roster.fold)
        roster.owners = host.owners
        config = ControllerConfig(
            mode="auto", policy=policy, slot_s=slot_s, max_moves=None, rest_s=0.0, horizon_s=slot_s
        )
        own = Controller(scenario, host, roster, config, Path(base) / "runs")
        rows = own.city.scenario.users.rows
        ids = [row.id for row in rows]
        creates = [Entry(Kind.CREATE, name, facts={"spec": SPEC, "attributes": {}}) for name in ids]
        host.submit_and_wait(creates).result(WAIT_S)
        xy_m = np.array([(row.x_m, row.y_m) for row in rows])
        positions = ModelPositions(GaussMarkov(kind="gauss_markov"), xy_m, scenario.area, 1.0, 0, tuple(ids))
        loop, devices = LateLoop(), Devices(host, ids, positions)
        try:
            time.sleep(4.0)
            calm = loop.taken(), devices.taken()
            begun = time.perf_counter()
            own.start()
            while not own.plans():
                time.sleep(0.005)
            first_s = time.perf_counter() - begun
            while own.plans()[-1].state != "applied":
                time.sleep(0.01)
            moved_s = time.perf_counter() - begun - first_s
            busy = loop.taken(), devices.taken()
            time.sleep(slots * slot_s)
            later = [plan.seconds for plan in own.plans()[:-1]]
            after = loop.taken(), devices.taken()
            plans = own.plans()
        finally:
            devices.stop()
            loop.stop()
            own.stop()
            host.stop()
    return {
        "policy": policy,
        "users": users,
        "stations": stations,
        "first_decision_s": round(first_s, 3),
        "placed": sum(move.state == "done" for move in plans[-1].moves),
        "placing_s": round(moved_s, 3),
        "later_median_s": round(statistics.median(later), 3),
        "later_most_s": round(max(later), 3),
        "largest_gap": round(max(plan.gap or 0.0 for plan in plans), 5),
        "loop_late_ms": [round(1e3 * each[0], 1) for each in (calm, busy, after)],
        "applied_after_ms": [round(1e3 * each[1], 1) for each in (calm, busy, after)],
        "of": ["before the controller", "first decision and placing", "later slots"],
        "notes": sorted({plan.note for plan in plans if plan.note}),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--stations", type=int, default=63)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--slot-s", type=float, default=5.0)
    parser.add_argument("--policies", default="lookahead,expected,myopic,lagrangian,hysteresis")
    arguments = parser.parse_args()
    for policy in arguments.policies.split(","):
        row = measure(policy, arguments.users, arguments.stations, arguments.slots, arguments.slot_s)
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
