"""How tight the certified bound on the sum of utilities is; one JSON line a scenario.

    python benchmarks/utility_bound.py [--slots 10] [--sources city-small,lu2021-n80-m5]

For each scenario: the bound, the sum that each user would have alone on its best host, the sum of every policy, and the
best found by a search that knows the present slot: from the hosts of the best policy users change places one at a time
as long as the sum of utilities of all grows, moves being free. Between the search and the bound lies the optimum of
Eq. 21, summed.
"""

import argparse
import json
import time

import numpy as np

from twinhop.migration.outcome import outcome_of
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.migration.utility_bound import utility_bound
from twinhop.scenario import load_scenario

POLICIES = ("stay", "follow_nearest", "utility", "utility_literal", "myopic")
#: A change of place that betters the sum by less than this is none.
LEAST = 1e-9


def measure(source, slots):
    """The figures of a scenario."""
    run = MigrationRun(load_scenario(source), slots)
    utility_bound(run)  # compiles
    start = time.perf_counter()
    bound = utility_bound(run)
    seconds = time.perf_counter() - start
    done = {policy: list(outcomes(run, policy_choice(policy))) for policy in POLICIES}
    sums = {policy: sum(float(each.utility.sum()) for each in every) / slots for policy, every in done.items()}
    best = max(sums, key=sums.get)
    found = sum(searched(outcome.situation, outcome.host) for outcome in done[best]) / slots
    return {
        "source": source,
        "slots": slots,
        "bound": bound,
        "ms_a_slot": 1e3 * seconds / slots,
        "search": found,
        "search_below_%": 100 * (1 - found / bound),
        "alone_above_%": 100 * (alone(run) / bound - 1),
        **{f"{policy}_below_%": 100 * (1 - value / bound) for policy, value in sums.items()},
    }


def alone(run):
    """The sum that users would have with a whole host each: the bound at prices of 0."""
    total = 0.0
    for situation in run:
        users, who = situation.all_users, situation.users
        latency_s = situation.comm_s + users.update_work[who][:, None] / situation.cpu
        latency_s = latency_s[:, situation.capacity > 0].min(axis=1)
        gain = users.utility_weight * np.exp((users.tau_s[who] - latency_s) / users.utility_scale_s)
        total += float((gain - (1 - users.utility_weight) * situation.energy_j).sum())
    return total / run.slots


def searched(situation, host):
    """The sum of utilities at which no user alone can better it."""
    situation.before = np.full(len(host), -1)  # moves are free
    host, best, better = host.copy(), float(outcome_of(situation, host).utility.sum()), True
    while better:
        better = False
        for i in range(len(host)):
            for k in np.flatnonzero(situation.capacity > np.bincount(host, minlength=len(situation.cpu))):
                old, host[i] = host[i], k
                value = float(outcome_of(situation, host).utility.sum())
                if value > best + LEAST:
                    best, better = value, True
                else:
                    host[i] = old
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slots", type=int, default=10)
    parser.add_argument("--sources", default="city-small,lu2021-n80-m5")
    arguments = parser.parse_args()
    for source in arguments.sources.split(","):
        print(json.dumps(measure(source, arguments.slots)), flush=True)
