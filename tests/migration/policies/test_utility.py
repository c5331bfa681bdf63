"""`utility` and `utility_literal` against plain loops over Algorithm 3, and what tells them apart."""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_runs import decisions, hosts, run_at, run_of, walk

from twinhop.migration.utility_loop import Choice, best_hosts, last_acceptable_hosts

BETA, TAU_0 = 0.4, 0.1


def chosen(seed, users=7, stations=4):
    rng = np.random.default_rng(seed)
    has_floor = bool(seed % 2)
    comm_s = rng.uniform(0, 0.1, (users, stations))
    comm_s[rng.random((users, stations)) < 0.15] = np.inf
    weight = rng.choice([1.0, 2.0, 3.0], users)
    move_s = rng.uniform(0, 0.02, (users, stations))
    before = rng.integers(-1, stations, users)
    move_s[np.arange(users), before] = 0.0
    return Choice(
        before=before,
        comm_s=comm_s,
        work=weight**2,
        weight=weight,
        cpu=rng.uniform(50, 200, stations),
        capacity=rng.integers(0, users, stations),
        tau_s=rng.uniform(0.05, 0.2, users),
        energy_j=rng.uniform(0, 0.1, users),
        utility_weight=BETA,
        utility_scale_s=TAU_0,
        floor=np.where(np.isinf(comm_s), np.inf, rng.uniform(0, 30, (users, stations)))
        if has_floor
        else np.zeros((1, 1)),
        cpu_room=rng.uniform(20, 90, stations),
        has_floor=has_floor,
        move_s=move_s,
        move_j=rng.uniform(0, 0.1, users),
    )


def latency(c, host, i, k):
    """Eq. 11 with the share of a host among those who are on it, user i excepted, and user i."""
    others = sum(c.weight[j] for j in range(len(host)) if j != i and host[j] == k)
    share = c.cpu[k] * c.weight[i] / (others + c.weight[i])
    return c.comm_s[i, k] + c.work[i] / share


def eq_20(c, i, latency_s, energy_j):
    return BETA * math.exp((c.tau_s[i] - latency_s) / TAU_0) - (1 - BETA) * energy_j


class Exactly:
    """Eq. 20 in 60 digits and with any exponent."""

    def __call__(self, c, i, latency_s, energy_j):
        with localcontext(prec=60):
            return Decimal(BETA) * ((Decimal(c.tau_s[i]) - Decimal(latency_s)) / Decimal(TAU_0)).exp() - (
                1 - Decimal(BETA)
            ) * Decimal(energy_j)


def sound(c, margin, utility_of=eq_20):
    host = c.before.copy()
    for i in np.flatnonzero(c.before >= 0):
        own, value = host[i], {}
        for k in range(len(c.cpu)):
            others = [j for j in range(len(host)) if j != i and host[j] == k]
            if (not others and k != own) or len(others) >= c.capacity[k] or np.isinf(c.comm_s[i, k]):
                continue
            t = latency(c, host, i, k)
            if c.has_floor:
                floors = [c.floor[j, k] for j in others if np.isfinite(c.floor[j, k])]
                if sum(floors) + c.floor[i, k] > c.cpu_room[k]:
                    continue
                t = min(t, c.tau_s[i])
            value[k] = utility_of(c, i, t + c.move_s[i, k], c.energy_j[i] + (c.move_j[i] if k != own else 0))
        others = {k: u for k, u in value.items() if k != own}
        best = max(others, key=lambda k: (others[k], -k)) if others else -1
        if own not in value:
            host[i] = best
        elif others and others[best] > value[own] + type(value[own])(margin):
            host[i] = best
    return host


def printed(c, utility_of=eq_20, tolerance=1e-15):
    host, opened = c.before.copy(), set(c.before[c.before >= 0].tolist())
    for i in np.flatnonzero(c.before >= 0):
        own = host[i]
        is_up = np.isfinite(c.comm_s[i, own])
        at_home = utility_of(c, i, latency(c, host, i, own), c.energy_j[i]) if is_up else None
        least = at_home - tolerance if is_up and tolerance else at_home
        target = own if is_up else -1
        for k in sorted(opened):
            if np.isinf(c.comm_s[i, k]):
                continue
            t = latency(c, host, i, k)
            no_worse = not is_up or utility_of(c, i, t, c.energy_j[i]) >= least
            if (not c.has_floor or t <= c.tau_s[i]) and no_worse:
                target = k
        host[i] = target
    return host


@given(st.integers(0, 100_000), st.sampled_from([0.0, 0.02, 0.2]))
@settings(max_examples=300, deadline=None)
def test_sound_against_a_plain_loop(seed, margin):
    c = chosen(seed)
    assert np.array_equal(best_hosts(c, margin), sound(c, margin))


@given(st.integers(0, 100_000))
@settings(max_examples=300, deadline=None)
def test_literal_against_a_plain_loop(seed):
    c = chosen(seed)
    assert np.array_equal(last_acceptable_hosts(c), printed(c))


@pytest.mark.parametrize("tau_s", [4.0, 65.0, 120.0, 86_400.0])
@pytest.mark.parametrize("seed", range(30))
def test_long_deadlines_are_decided_as_in_exact_arithmetic(seed, tau_s):
    """Where e^((tau - T) / tau_0) is more than a number holds, and where energy does not count beside it."""
    c = chosen(seed)
    c = c._replace(tau_s=c.tau_s + tau_s)
    assert np.array_equal(best_hosts(c, 0.02), sound(c, 0.02, Exactly()))
    assert np.array_equal(last_acceptable_hosts(c), printed(c, Exactly(), 0.0))


def test_ties_stay_soundly_and_move_literally():
    """Two users, two equal hosts at no cost: as printed the last one wins; meant is that nobody moves."""
    c = chosen(2, users=2, stations=2)._replace(
        before=np.array([0, 1]),
        comm_s=np.zeros((2, 2)),
        weight=np.array([1.0, 1.0]),
        work=np.array([0.0, 0.0]),
        capacity=np.array([2, 2]),
        move_s=np.zeros((2, 2)),
        move_j=np.zeros(2),
    )
    assert best_hosts(c, 0.0).tolist() == [0, 1]
    assert last_acceptable_hosts(c).tolist() == [1, 1]


def test_literally_seats_do_not_count():
    run = run_of("tight")
    assert sum(outcome.fallbacks for outcome in decisions(run, "utility_literal")) > 0
    assert sum(outcome.fallbacks for outcome in decisions(run, "utility:margin=0")) == 0


def test_moves_better_the_utility_that_users_see_where_they_are_free():
    run = run_at(walk(20, 12), extra="objective: {deadlines: false}\nmigration: {move_s: 0}")
    free = decisions(run, "utility:margin=0:horizon=1000")
    stays = decisions(run, "stay")
    assert sum(int(outcome.moved.sum()) for outcome in free) > 0
    assert sum(o.utility.sum() for o in free) > sum(o.utility.sum() for o in stays)


@pytest.mark.parametrize("text", ["utility:margin=1e9", "utility:horizon=1"])
def test_what_cannot_pay_stays(text):
    run = run_at(walk(10, 8), extra="migration: {move_s: 10}")
    assert np.array_equal(hosts(run, text), hosts(run, "stay"))
