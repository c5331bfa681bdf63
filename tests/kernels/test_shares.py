"""Compiled CPU shares against the functions of arrays that document them, and at the edge where floors just fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.kernels.edge import LEFT_OVER, SHARE_TOLERANCE, cpu_room, floor_scale
from twinhop.kernels.shares import charge, floors_fit, floors_fit_surely, host_shares, least_computing, scale_of_floors
from twinhop.network import computing_latency_s, water_fill_shares

CPU = 3e9
EDGE = [0.0, 0.3, 1 - 1e-9, 1.0, 1 + 2e-16, 1 + 1e-12, 1 + 4e-10, 1 + 9e-10, 1 + 1.1e-9, 1 + 1e-6, 3.0, np.inf]


def server(seed, fill):
    """Root work, floors that add up to `fill` times the CPU, and CPU of a server; some have no work or no floor."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 9))
    root_work = rng.uniform(0.5e4, 4e4, n) * (rng.random(n) < 0.85)
    floor = rng.uniform(0.0, 1.0, n) * (rng.random(n) < 0.6)
    cpu = rng.uniform(1e9, 2e10)
    return root_work, floor / floor.sum() * fill * cpu if floor.any() else floor, cpu


@pytest.mark.parametrize("fill", EDGE)
def test_the_edge_is_one_rule(fill):
    """Floors fit up to a billionth of the CPU; they are scaled not to exceed it; beyond that, to nothing."""
    least = fill * CPU
    expected = 1.0 if least <= CPU else CPU / least if fill <= 1 + SHARE_TOLERANCE else 0.0
    assert scale_of_floors(least, CPU) == float(floor_scale(least, CPU)) == pytest.approx(expected, rel=2 * LEFT_OVER)
    assert scale_of_floors(least, CPU) * min(least, 1e30) <= CPU
    assert floors_fit(least, CPU) == (expected > 0) == (least <= cpu_room(CPU))
    assert floors_fit_surely(least, CPU) == (fill <= 1 + SHARE_TOLERANCE / 2)


def test_the_edge_of_many_servers_at_once():
    least = np.array(EDGE) * CPU
    assert floor_scale(least, CPU).tolist() == [scale_of_floors(each, CPU) for each in least]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.4, 0.9, 0.999, 1 + 3e-10, 1.5]))
def test_shares_are_those_of_the_formula(seed, fill):
    rng, servers = np.random.default_rng(seed), [server(seed + at, fill) for at in range(3)]
    host = np.concatenate([np.full(len(root), k) for k, (root, _, _) in enumerate(servers)])
    root_work, floor = (np.concatenate([each[part] for each in servers]) for part in (0, 1))
    cpu, order, share = np.array([each[2] for each in servers]), rng.permutation(len(host)), np.empty(len(host))
    host_shares(host[order], root_work[order], floor[order], True, cpu, share)
    expected = np.concatenate([water_fill_shares(*each) for each in servers])[order]
    np.testing.assert_allclose(share, expected, rtol=1e-9 if fill > 1 else 1e-12, atol=1e-5)
    host_shares(host, root_work, floor, False, cpu, share)
    free = np.concatenate([water_fill_shares(root, 0.0 * root, cpu_k) for root, _, cpu_k in servers])
    np.testing.assert_allclose(share, free, rtol=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.4, 0.9, 0.999]))
def test_latency_and_its_price_are_those_of_the_shares(seed, fill):
    root_work, floor, cpu = server(seed, fill)
    n = len(root_work)

    def latency(root):
        return least_computing(root, floor, n, root.sum(), floor.sum(), cpu)

    found, price = latency(root_work)
    share = water_fill_shares(root_work, floor, cpu)
    assert found == pytest.approx(float(computing_latency_s(root_work**2, share).sum()), rel=1e-12)
    above = np.flatnonzero((root_work > 0) & (share > floor * (1 + 1e-9)))
    if above.size:
        more = root_work.copy()
        more[above[0]] += (step := 1e-4 * root_work[above[0]])
        assert (latency(more)[0] - found) / step == pytest.approx(price, rel=1e-3)


def test_floors_that_do_not_fit_or_leave_someone_nothing_take_forever():
    two, cpu = np.array([1.0, 2.0]), 10.0
    assert least_computing(two, np.array([6.0, 5.0]), 2, 3.0, 11.0, cpu) == (np.inf, 0.0)
    assert least_computing(two, np.array([10.0, 0.0]), 2, 3.0, 10.0, cpu) == (np.inf, 0.0)
    assert least_computing(two, np.array([4.0, 6.0]), 2, 3.0, 10.0, cpu)[0] == pytest.approx(1 / 4 + 4 / 6)


def test_infinite_floors_bind_nobody_on_their_server_alone():
    share = np.empty(3)
    host_shares(np.array([0, 0, 1]), np.ones(3), np.array([np.inf, 1.0, 2.0]), True, np.array([4.0, 8.0]), share)
    assert share.tolist() == [2.0, 2.0, 8.0]


@settings(deadline=None)
@given(st.floats(0, 1e-3), st.floats(1.0, 1e5), st.floats(0, 1e9))
def test_charge_is_the_least_over_shares(theta, s, floor):
    shares = np.geomspace(max(floor, 1e-3 * s), 1e6 * s / max(theta, 1e-6), 20_000)
    least = (s * s / shares + 0.25 * theta**2 * shares).min()
    assert charge(theta, s, floor) <= least * (1 + 1e-12) + 1e-15
    if theta > 1e-6:
        assert charge(theta, s, floor) == pytest.approx(least, rel=1e-5)
