"""Small cities in which policies run, and what comes of it."""

import numpy as np
from moving_cities import Written, city

from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes

#: Runs that differ in what may go wrong in them: scenario text of `moving_cities.city`.
WORLDS = {
    "plain": {},
    "deadlines": {"extra": "objective: {deadlines: true}\nmigration: {opening_s: 0.0005}"},
    "tight": {"stations": "generate: {count: 6}, capacity_users: 5", "extra": "objective: {deadlines: false}"},
    "come and go": {"movement": "slots: 8, slot_s: 2, churn: {mean_present_s: 10, mean_absent_s: 6}"},
    "failures": {"movement": "slots: 8, slot_s: 2, failures: {random: {mean_up_s: 12, mean_down_s: 4}}"},
    "cloud": {"extra": "cloud: {host: true, latency_ms: 20, cpu_gcycles_per_s: 100}"},
    "sum": {"extra": "objective: {aggregation: sum, deadlines: false}\ncompute: {cpu_rule: equal}"},
    "redrawn": {"extra": "readings: {rows: {25: literal}}", "movement": "slots: 8, redraw_every_slots: 3"},
}


def run_of(world="plain", **more):
    """The run of one of `WORLDS`, of 24 users, 8 slots and stations of 60 Gcycle/s where it does not say otherwise."""
    text = {"users": 24, "movement": "slots: 8, slot_s: 2", **WORLDS[world], **more}
    return MigrationRun(city(**text))


def walk(slots, users, seed=0, width_m=1200.0, step_m=120.0):
    """Positions (T, N, 2) of a random walk inside the city."""
    rng = np.random.default_rng(seed)
    xy_m = rng.uniform(0, 900, (users, 2)) + np.cumsum(rng.normal(0, step_m, (slots, users, 2)), axis=0)
    return np.clip(xy_m, 0, [width_m, 900.0])


def run_at(xy_m, slot_s=1.0, **more):
    """A run in which users are where an array (T, N, 2) says."""
    text = {"users": xy_m.shape[1], "movement": f"slots: {len(xy_m)}, slot_s: {slot_s}", **more}
    return MigrationRun(city(**text), positions=Written(np.asarray(xy_m, float), slot_s))


def decisions(run, text):
    """The outcomes of a policy."""
    return list(outcomes(run, policy_choice(text)))


def hosts(run, text):
    """(T, N) hosts; -1 where a user is away."""
    found = np.full((run.slots, len(run.user_ids)), -1)
    for outcome in decisions(run, text):
        found[outcome.situation.index, outcome.situation.users] = outcome.host
    return found


def total(results):
    """The cost of a run: the mean over its slots."""
    return float(np.mean([outcome.cost.total for outcome in results]))


def with_hosts(situation, host):
    """A situation in which the twins are on these hosts (n,)."""
    before = np.full(len(situation.all_users.ids), -1)
    before[situation.users] = host
    return situation.with_hosts(before)
