"""What a slot takes where twins move: decisions of the controller, and runs of migration policies; a JSON line each.

    python benchmarks/slots.py [--users 1500] [--stations 63] [--slots 12] [--policies replan:every=1]

The users of `family(N, M)` move by Gauss-Markov, 5 s a slot. First the controller decides every slot in shadow, with
the policy `lagrangian` and nothing else in the process: processor time of `Controller.step` from the second slot on,
the gap of its certificates, the moves that it recommends. Then each policy runs over the same city as in `simulate`:
processor time of a slot, world included, its mean cost and its moves. Another checkout is measured by the same script
with its `src` in `PYTHONPATH`.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twinhop.live.control import Controller, ControllerConfig
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.scenario.mobility import GaussMarkov, ModelPositions
from twinhop.scenario.presets.family import family
from twinhop.scenario.schema.movement_section import Movement

SLOT_S = 5.0


@dataclass
class Rows:
    """Where the users are, as a roster tells."""

    ids: tuple
    xy_m: np.ndarray
    load: np.ndarray
    observed_s: np.ndarray
    received_s: np.ndarray


@dataclass
class City:
    """Host, roster and clock of a controller: nobody moves, and everybody reports at every slot."""

    ids: tuple
    xy_m: np.ndarray
    now: float = 1e6
    owner: dict = field(default_factory=dict)

    def now_s(self):
        """The time of day [s]."""
        return self.now

    def knows(self, twin):
        """Whether there is such a twin."""
        return True

    def owners(self):
        """Where the twins are: nowhere, as the controller is in shadow."""
        return dict.fromkeys(self.ids, "")

    def ask_active(self, question):
        """Forecasts: none."""
        future = Future()
        future.set_result({})
        return future

    def rows(self):
        """Everybody, as of now."""
        count = len(self.ids)
        return Rows(self.ids, self.xy_m, np.ones(count), np.full(count, self.now), np.full(count, self.now))


def decisions(users, stations, slots):
    """Decisions of the controller in shadow."""
    scenario = family(users, stations)
    with tempfile.TemporaryDirectory() as base:
        city = City((), np.empty((0, 2)))
        config = ControllerConfig(
            mode="shadow", policy="lagrangian", slot_s=SLOT_S, max_moves=None, rest_s=0.0, time_limit_s=60.0
        )
        own = Controller(scenario, city, city, config, Path(base))
        rows = own.city.scenario.users.rows
        city.ids = tuple(row.id for row in rows)
        start = np.array([(row.x_m, row.y_m) for row in rows])
        positions = ModelPositions(GaussMarkov(kind="gauss_markov"), start, scenario.area, SLOT_S, 0, city.ids)
        took, plans = [], []
        for xy_m in itertools.islice(positions, slots):
            city.xy_m = xy_m
            began_s = time.process_time()
            plans.append(own.step())
            took.append(time.process_time() - began_s)
            city.now += SLOT_S
        own.stop()
    moves = [sum(bool(move.source) for move in plan.moves) for plan in plans[1:]]
    return {
        "of": "controller, lagrangian",
        "first_cpu_ms": round(1e3 * took[0], 1),
        "cpu_ms": round(1e3 * statistics.median(took[1:]), 1),
        "most_cpu_ms": round(1e3 * max(took[1:]), 1),
        "first_gap": round(plans[0].gap, 6),
        "mean_gap": round(statistics.mean(plan.gap for plan in plans[1:]), 6),
        "largest_gap": round(max(plan.gap for plan in plans[1:]), 6),
        "mean_cost_s": round(statistics.mean(plan.cost_s for plan in plans), 6),
        "moves_a_slot": round(statistics.mean(moves), 1),
    }


def run_of(text, users, stations, slots):
    """A run of a migration policy."""
    movement = Movement(slot_s=SLOT_S, slots=slots, model=GaussMarkov(kind="gauss_markov"))
    scenario = family(users, stations).model_copy(update={"movement": movement})
    began_s = time.process_time()
    costs, moves = [], []
    for outcome in outcomes(MigrationRun(scenario), policy_choice(text)):
        costs.append(outcome.cost.total)
        moves.append(int(outcome.moved.sum()))
    return {
        "of": text,
        "cpu_ms": round(1e3 * (time.process_time() - began_s) / slots, 1),
        "mean_cost_s": round(statistics.mean(costs), 6),
        "moves_a_slot": round(statistics.mean(moves[1:]), 1),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--users", type=int, default=1500)
    parser.add_argument("--stations", type=int, default=63)
    parser.add_argument("--slots", type=int, default=12)
    parser.add_argument("--policies", default="replan:every=1")
    arguments = parser.parse_args()
    size = (arguments.users, arguments.stations, arguments.slots)
    head = {"users": size[0], "stations": size[1], "slots": size[2]}
    for row in itertools.chain([decisions(*size)], (run_of(each, *size) for each in arguments.policies.split(","))):
        print(json.dumps(head | row | {"load_average": round(os.getloadavg()[0], 1)}), flush=True)


if __name__ == "__main__":
    main()
