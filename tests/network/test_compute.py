"""CPU sharing: water-filling against bisection, its optimality conditions and random rivals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import (
    SHARE_RULES,
    computing_latency_s,
    minimum_share_cycles_per_s,
    optimal_computing_latency_s,
    share_weights,
    water_fill_shares,
)

GCYCLE_PER_S = 1e9


@st.composite
def servers(draw, min_users=1):
    """One server: work [cycle], floors that fit [cycle/s] and CPU [cycle/s]."""
    users = draw(st.integers(min_users, 8))
    cpu = draw(st.floats(1.0, 30.0)) * GCYCLE_PER_S
    work = [draw(st.floats(1e6, 5e9)) for _ in range(users)]
    pull = [draw(st.one_of(st.just(0.0), st.floats(0.01, 1.0))) for _ in range(users)]
    used = draw(st.floats(0.0, 0.98))
    floor = [used * cpu * p / max(sum(pull), 1e-9) for p in pull]
    return np.array(work), np.array(floor), cpu


def loop_shares(weight, floor, cpu):
    """Water-filling by bisection on the level, one user at a time."""
    low, high = 0.0, cpu / min(w for w in weight if w > 0)
    for _ in range(200):
        level = 0.5 * (low + high)
        total = 0.0
        for w, f in zip(weight, floor, strict=True):
            total += max(f, level * w)
        low, high = (low, level) if total > cpu else (level, high)
    return [max(f, low * w) for w, f in zip(weight, floor, strict=True)]


@pytest.mark.parametrize(
    ("rule", "expected"), [("optimal", [0, 2, 3]), ("equal", [1, 1, 1]), ("proportional", [0, 4, 9])]
)
def test_share_weights(rule, expected):
    assert share_weights(np.array([0.0, 4.0, 9.0]), rule).tolist() == expected


def test_unknown_share_rule_lists_the_accepted():
    with pytest.raises(ValueError, match="'fair'.*'optimal', 'equal', 'proportional'"):
        share_weights(np.ones(2), "fair")


@pytest.mark.parametrize("rule", SHARE_RULES)
@given(server=servers())
def test_shares_match_bisection_use_the_whole_cpu_and_respect_floors(rule, server):
    work, floor, cpu = server
    shares = water_fill_shares(share_weights(work, rule), floor, cpu)
    assert shares == pytest.approx(loop_shares(share_weights(work, rule).tolist(), floor.tolist(), cpu), rel=1e-6)
    assert shares.sum() == pytest.approx(cpu, rel=1e-12)
    assert np.all(shares >= floor)


@given(servers())
def test_optimal_shares_satisfy_the_kkt_conditions(server):
    work, floor, cpu = server
    shares = water_fill_shares(share_weights(work, "optimal"), floor, cpu)
    marginal = work / shares**2  # how fast the cost falls with the share
    free = shares > floor * (1.0 + 1e-9)
    price = marginal[free].max() if free.any() else marginal.max()
    assert marginal[free] == pytest.approx(np.full(free.sum(), price), rel=1e-6)
    assert np.all(marginal[~free] <= price * (1.0 + 1e-6))


@given(servers(), st.integers(0, 2**32 - 1))
def test_optimal_shares_beat_random_feasible_allocations(server, seed):
    work, floor, cpu = server
    cost_s = (work / water_fill_shares(share_weights(work, "optimal"), floor, cpu)).sum()
    spread = np.random.default_rng(seed).dirichlet(np.ones(work.size), 200) + 1e-12
    rivals = floor + (cpu - floor.sum()) * spread / spread.sum(axis=1, keepdims=True)
    assert np.all((work / rivals).sum(axis=1) >= cost_s * (1.0 - 1e-9))


@pytest.mark.parametrize("rule", SHARE_RULES)
@given(server=servers())
def test_without_floors_shares_are_proportional_to_the_weights(rule, server):
    work, _, cpu = server
    weight = share_weights(work, rule)
    assert water_fill_shares(weight, 0.0, cpu) == pytest.approx(cpu * weight / weight.sum(), rel=1e-12)


@given(servers())
def test_cost_without_floors_is_the_closed_form_and_floors_never_lower_it(server):
    work, floor, cpu = server
    root = share_weights(work, "optimal")
    closed_s = optimal_computing_latency_s(root, cpu)
    assert (work / water_fill_shares(root, 0.0, cpu)).sum() == pytest.approx(closed_s, rel=1e-9)
    assert (work / water_fill_shares(root, floor, cpu)).sum() >= closed_s * (1.0 - 1e-12)
    for rule in ("equal", "proportional"):
        shares = water_fill_shares(share_weights(work, rule), 0.0, cpu)
        assert (work / shares).sum() == pytest.approx(work.size * work.sum() / cpu, rel=1e-9)


@given(servers(), st.floats(1e-3, 1e3), st.floats(1e-3, 1e3))
def test_scaling_weights_changes_nothing_and_scaling_the_cpu_scales_the_shares(server, weight_scale, cpu_scale):
    work, floor, cpu = server
    weight = share_weights(work, "optimal")
    shares = water_fill_shares(weight, floor, cpu)
    assert water_fill_shares(weight_scale * weight, floor, cpu) == pytest.approx(shares, rel=1e-9)
    scaled = water_fill_shares(weight, cpu_scale * floor, cpu_scale * cpu)
    assert scaled == pytest.approx(cpu_scale * shares, rel=1e-9)


@given(servers(), st.randoms(use_true_random=False))
def test_order_of_users_does_not_matter(server, random):
    work, floor, cpu = server
    order = random.sample(range(work.size), work.size)
    shares = water_fill_shares(work, floor, cpu)
    assert water_fill_shares(work[order], floor[order], cpu) == pytest.approx(shares[order], rel=1e-9)


@given(st.lists(servers(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_servers_in_one_call_are_independent(batch, random):
    users = max(work.size for work, _, _ in batch)
    pad = [(np.resize(w, users), np.resize(f, users), c) for w, f, c in batch]
    member = np.array([[random.random() < 0.6 for _ in range(users)] for _ in batch])
    weight, floor, cpu = (np.array(column) for column in zip(*pad, strict=True))
    together = water_fill_shares(weight, floor, cpu, member)
    assert np.all(together[~member] == 0.0)
    for k in range(len(batch)):
        inside = member[k]
        alone = water_fill_shares(weight[k][inside], floor[k][inside], cpu[k])
        assert together[k][inside] == pytest.approx(alone, rel=1e-9)


def test_one_weight_a_user_meets_many_servers():
    shares = water_fill_shares(np.array([1.0, 3.0]), 0.0, np.array([4.0, 8.0]), np.array([[True, True], [True, False]]))
    assert shares.tolist() == [[1.0, 3.0], [8.0, 0.0]]


def test_a_single_user_gets_the_whole_server():
    assert water_fill_shares(np.array([5.0]), np.array([2.0]), 7.0).tolist() == [7.0]


@pytest.mark.parametrize("cpu", [7.0, np.array([7.0, 8.0])])
def test_no_users(cpu):
    assert water_fill_shares(np.zeros(0), np.zeros(0), cpu).shape == (*np.shape(cpu), 0)
    assert np.all(optimal_computing_latency_s(np.zeros(0), cpu) == 0.0)


def test_no_members_leaves_the_cpu_unused():
    assert water_fill_shares(np.ones(2), np.ones(2), 7.0, np.zeros(2, dtype=bool)).tolist() == [0.0, 0.0]


def test_users_without_weight_get_exactly_their_floor():
    assert water_fill_shares(np.array([0.0, 1.0, 0.0]), np.array([2.0, 0.0, 0.0]), 7.0).tolist() == [2.0, 5.0, 0.0]
    assert water_fill_shares(np.zeros(2), np.array([2.0, 0.0]), 7.0).tolist() == [2.0, 0.0]


def test_floors_that_fill_the_server_exactly_are_met():
    assert water_fill_shares(np.array([1.0, 9.0]), np.array([5.0, 2.0]), 7.0).tolist() == [5.0, 2.0]


@pytest.mark.parametrize("floor", [[6.0, 2.0], [math.inf, 0.0], [math.inf, math.inf]])
def test_floors_that_do_not_fit_are_dropped_on_that_server_only(floor):
    shares = water_fill_shares(np.ones(2), np.array([floor, [6.0, 0.0]]), np.array([7.0, 7.0]))
    assert shares.tolist() == [[3.5, 3.5], [6.0, 1.0]]


def test_an_infinite_floor_of_someone_elsewhere_is_ignored():
    shares = water_fill_shares(np.ones(3), np.array([math.inf, 5.0, 0.0]), 7.0, np.array([False, True, True]))
    assert shares.tolist() == [0.0, 5.0, 2.0]


def loop_minimum_share(cycles, deadline_s, comm_s):
    if deadline_s == math.inf:
        return 0.0
    return math.inf if deadline_s <= comm_s else cycles / (deadline_s - comm_s)


@pytest.mark.parametrize(("users", "hosts"), [(0, 2), (1, 1), (4, 4), (5, 3)])
def test_minimum_share_matches_a_plain_loop(users, hosts):
    rng = np.random.default_rng(users)
    cycles, deadline_s = rng.uniform(0.0, 5e7, users), rng.choice([0.05, 0.1, math.inf], users)
    comm_s = rng.choice([0.0, 0.05, 0.07, 0.2, math.inf], (users, hosts))
    found = minimum_share_cycles_per_s(cycles, deadline_s, comm_s)
    assert found.shape == (users, hosts)
    for i in range(users):
        for k in range(hosts):
            assert found[i, k] == pytest.approx(loop_minimum_share(cycles[i], deadline_s[i], comm_s[i, k]), rel=1e-12)


def test_minimum_share_without_work_is_zero_while_the_deadline_can_be_met():
    found = minimum_share_cycles_per_s(np.zeros(3), np.array([0.1, 0.1, math.inf]), np.array([0.05, 0.1, math.inf]))
    assert found.tolist() == [0.0, math.inf, 0.0]


@given(servers())
def test_the_minimum_share_meets_the_deadline_exactly(server):
    work, _, _ = server
    comm_s = np.full(work.size, 0.03)
    share = minimum_share_cycles_per_s(work, 0.1, comm_s)
    assert comm_s + computing_latency_s(work, share) == pytest.approx(np.full(work.size, 0.1))


def test_computing_latency():
    found_s = computing_latency_s(np.array([0.0, 0.0, 6.0, 6.0]), np.array([0.0, 2.0, 2.0, 0.0]))
    assert found_s.tolist() == [0.0, 0.0, 3.0, math.inf]


@given(st.lists(st.floats(0.0, 1e5), max_size=8), st.floats(1.0, 3e10))
def test_optimal_computing_latency_matches_a_plain_sum(root_work, cpu):
    expected_s = sum(a * b for a in root_work for b in root_work) / cpu
    assert optimal_computing_latency_s(np.array(root_work), cpu) == pytest.approx(expected_s, rel=1e-9, abs=1e-300)
