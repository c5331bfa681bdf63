"""The bound on the sum of utilities: against every sequence of decisions, random prices, shares and policies."""

import itertools
import math

import numpy as np
import pytest
from moving_cities import city
from policy_runs import WORLDS, decisions, run_of
from slot_oracle import slot_cost

from twinhop.migration import utility_bound as module
from twinhop.migration.run import MigrationRun
from twinhop.migration.utility_bound import certified_utility, utility_bound

TINY = {
    "plain": {"extra": "objective: {deadlines: false}"},
    "deadlines": {"extra": "objective: {deadlines: true}"},
    "seats": {"stations": "generate: {count: 3}, capacity_users: 1", "extra": "objective: {deadlines: false}"},
    "equal": {"extra": "compute: {cpu_rule: equal}"},
    "proportional": {"extra": "compute: {cpu_rule: proportional}"},
    "moves cost energy": {"extra": "migration: {energy_j_per_mbit: 0.05, utility_weight: 0.3}"},
    "rows 10 and 11 as printed": {
        "extra": "migration: {energy_j_per_mbit: 0.05}\nreadings: {rows: {10: literal, 11: literal}}"
    },
    "weak": {"stations": "generate: {count: 3}, cpu_gcycles_per_s: 0.2", "extra": "objective: {deadlines: false}"},
    "failures": {"movement": "slots: 3, slot_s: 2, failures: {schedule: [{station: b1, down_s: 2, up_s: 4}]}"},
    "redrawn": {"extra": "readings: {rows: {25: literal}}", "movement": "slots: 3, redraw_every_slots: 1"},
}


def tiny(kind, seed):
    text = {"users": 2, "stations": "generate: {count: 3}", "movement": "slots: 3, slot_s: 2", "seed": seed}
    return MigrationRun(city(**{**text, **TINY[kind]}))


def utilities(run, situation, before, host):
    """Sum of Eq. 20 of a slot by plain formulas, move energy included; None where seats or stations are exceeded."""
    users, slot = run.users, situation.slot
    for k in set(host):
        if not slot.up[k] or host.count(k) > situation.hosts.capacity[k]:
            return None
    section = run.scenario.migration
    world = run.world_run.world if slot.stations is None else slot.stations
    _, latency_s = slot_cost(
        slot, world, before, list(host), section, deadlines=users.has_deadlines, rule=situation.hosts.cpu_rule
    )
    total = 0.0
    for i, k, late in zip(range(len(host)), host, latency_s, strict=True):
        energy_j = users.tx_power_w[i] * users.update_bits[i] / slot.rate_bps[i]
        if before[i] not in (-1, k):
            energy_j += situation.hosts.move_energy_j_per_bit * users.twin_bits[i]
        beta = users.utility_weight
        total += beta * math.exp((users.tau_s[i] - late) / users.utility_scale_s) - (1 - beta) * energy_j
    return total


def best_sequence(run):
    """The greatest mean over slots of the sum of utilities over all sequences of hosts; how many of them there are."""
    situations, users = list(run), len(run.user_ids)
    assert all(len(each.users) == users for each in situations)
    reached, sequences = {(-1,) * users: 0.0}, 1
    for situation in situations:
        after = {}
        for before, so_far in reached.items():
            start = (-1,) * users if run.is_redrawn else before
            for host in itertools.product(range(len(run.host_ids)), repeat=users):
                value = utilities(run, situation, start, host)
                if value is not None:
                    after[host] = max(after.get(host, -math.inf), so_far + value)
        reached, sequences = after, sequences * len(after)
    return max(reached.values()) / run.slots, sequences


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", TINY)
def test_no_sequence_of_decisions_has_more(kind, seed):
    run = tiny(kind, seed)
    best, sequences = best_sequence(run)
    bound = utility_bound(run)
    assert sequences > 100
    assert bound >= best
    assert bound <= best + (0.25 if kind == "weak" else 0.1) * abs(best)


@pytest.mark.parametrize("seed", range(100))
def test_any_prices_bound_any_assignment_and_any_shares(seed):
    rng = np.random.default_rng(seed)
    n, hosts = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    gain, scale = rng.uniform(0.1, 3.0, (n, hosts)), rng.uniform(0.05, 2.0, n) * (rng.random(n) < 0.9)
    cpu, seats = rng.uniform(0.5, 3.0, hosts), rng.integers(1, n + 1, hosts).astype(float)
    bounds = [
        certified_utility(gain, scale, cpu, seats, np.abs(rng.normal(0, size, (2, hosts))))
        for size in (0.01, 0.1, 1.0, 10.0)
    ]
    first = np.zeros((2, hosts))
    first[0] = module._first_price(gain.max(axis=1), scale, cpu)
    bounds.append(
        certified_utility(
            gain, scale, cpu, seats, module._best_prices(gain, scale, cpu, seats, first, 300, 0.05, 0.0005)
        )
    )
    for host in itertools.product(range(hosts), repeat=n):
        if (np.bincount(host, minlength=hosts) > seats).any():
            continue
        for _ in range(5):
            share = rng.exponential(1.0, n)
            share *= cpu[list(host)] / np.bincount(host, share, minlength=hosts)[list(host)]
            value = (gain[np.arange(n), host] * np.exp(-scale / share)).sum()
            assert value <= min(bounds)


@pytest.mark.parametrize("policy", ["stay", "follow_nearest", "utility", "utility_literal", "myopic", "hysteresis"])
@pytest.mark.parametrize("world", WORLDS)
def test_no_policy_has_more(world, policy):
    run = run_of(world)
    reached = sum(float(outcome.utility.sum()) for outcome in decisions(run, policy)) / run.slots
    assert reached <= utility_bound(run)


def test_prices_tighten_what_each_user_would_have_alone():
    run = run_of("plain", stations="generate: {count: 4}, cpu_gcycles_per_s: 8")
    alone = 0.0
    for situation in run:
        users, who = situation.all_users, situation.users
        latency_s = (situation.comm_s + users.update_work[who][:, None] / situation.cpu).min(axis=1)
        gain = users.utility_weight * np.exp((users.tau_s[who] - latency_s) / users.utility_scale_s)
        alone += float((gain - (1 - users.utility_weight) * situation.energy_j).sum()) / run.slots
    best = max(
        sum(float(outcome.utility.sum()) for outcome in decisions(run, policy)) / run.slots
        for policy in ("myopic", "utility", "follow_nearest")
    )
    bound = utility_bound(run)
    assert best <= bound < best + 0.2 * (alone - best)


def test_seats_tighten_it():
    roomy, tight = (
        utility_bound(run_of("plain", stations=f"generate: {{count: 4}}, capacity_users: {seats}")) for seats in (24, 6)
    )
    assert tight < roomy


def test_none_is_given_where_no_number_holds_it():
    run = run_of("plain", extra="migration: {utility_scale_ms: 0.01}")
    assert utility_bound(run) is None


def test_it_is_that_of_a_run_with_nobody_in_some_slots():
    run = run_of(
        "come and go", users=1, movement="slots: 30, slot_s: 5, churn: {mean_present_s: 10, mean_absent_s: 20}"
    )
    served = [len(situation.users) for situation in run]
    assert 0 in served and 1 in served
    reached = sum(float(outcome.utility.sum()) for outcome in decisions(run, "follow_nearest")) / run.slots
    assert reached <= utility_bound(run) < 1.5 * reached
