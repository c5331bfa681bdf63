"""The one cost function and the compiled bookkeeping, against plain loops."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle
from problem_makers import AGREEMENT, deadline_arrays, is_hosted_properly, roomy, roomy_arrays, tiny

from twinhop.kernels.shares import floors_fit_surely, least_computing
from twinhop.placement import Placement, PlacementProblem, evaluate, solve
from twinhop.placement.descent import associate, move_sweep, swap_sweep
from twinhop.placement.station_load import NOBODY, attach, computing, detach, make_hosting, make_instance, refill, total

SEEDS = st.integers(0, 249)


def some_hosts(problem, rng):
    """Hosts over existing arcs, capacities and deadlines not looked at; None where a user has no arc."""
    if not problem.allowed.any(axis=1).all():
        return None
    return np.array([rng.choice(np.flatnonzero(row)) for row in problem.allowed])


@settings(max_examples=600)
@given(SEEDS, st.integers(0, 2**32 - 1), st.booleans())
def test_cost_equals_the_oracle(seed, host_seed, extra):
    arrays, oracle, _ = tiny(seed)
    problem, rng = PlacementProblem(**arrays), np.random.default_rng(host_seed)
    host = some_hosts(problem, rng)
    if host is None:
        return
    placement = Placement.of_hosts(host, problem.stations)
    if extra:
        placement = Placement(placement.host, placement.open | (rng.random(problem.stations) < 0.5))
    found, priced = evaluate(problem, placement), oracle.cost(host.tolist(), placement.open.tolist())
    assert found.feasible == math.isfinite(priced)
    if found.feasible:
        assert found.cost == pytest.approx(priced, rel=AGREEMENT)
    assert found.cost == pytest.approx(
        problem.alpha * found.latency_s + problem.beta * (found.opening_s + found.energy_j)
    )
    assert found.latency_s == pytest.approx(found.communication_s + found.computing_s)


@settings(max_examples=400)
@given(SEEDS, st.integers(0, 2**32 - 1))
def test_shares_fit_the_stations_and_keep_the_deadlines(seed, host_seed):
    arrays, oracle, _ = tiny(seed)
    problem = PlacementProblem(**arrays)
    host = some_hosts(problem, np.random.default_rng(host_seed))
    if host is None:
        return
    found = evaluate(problem, Placement.of_hosts(host, problem.stations))
    used = np.bincount(host, found.share, minlength=problem.stations)
    assert (used <= problem.cpu * (1 + 1e-9)).all()
    if found.feasible and problem.has_deadlines:
        meetable = np.setdiff1d(np.arange(problem.users), oracle.unmeetable)
        update = arrays["update_comm_s"][meetable, host[meetable]] + arrays["update_work"][meetable] / np.where(
            found.share[meetable] > 0, found.share[meetable], np.inf
        )
        due = arrays["deadline_s"][meetable]
        assert (update <= due * (1 + 1e-8)).all()


def test_capacity_and_arcs_are_reported():
    arrays = roomy_arrays(4, 2) | {"capacity": np.array([2, 4])}
    arrays["comm_s"] = np.array([[0.1, np.inf]] * 4)
    problem = PlacementProblem(**arrays)
    crowded = evaluate(problem, Placement.of_hosts(np.zeros(4, int), 2))
    assert [(v.kind, v.user, v.station, v.by) for v in crowded.violations] == [("capacity", None, 0, 2.0)]
    forbidden = evaluate(problem, Placement.of_hosts(np.array([0, 0, 1, 1]), 2))
    assert [(v.kind, v.user, v.station) for v in forbidden.violations] == [("forbidden", 2, 1), ("forbidden", 3, 1)]
    assert not forbidden.feasible


def test_late_users_are_reported_by_how_much():
    arrays = roomy_arrays(2, 1) | {
        "cpu": np.array([1e9]),
        "root_work": np.sqrt(np.array([1e8, 1e8])),
        "update_comm_s": np.array([[0.1], [0.1]]),
        "update_work": np.array([6e7, 6e7]),
        "deadline_s": np.array([0.2, 0.2]),  # each needs 0.6e9 of 1e9
    }
    found = evaluate(PlacementProblem(**arrays), Placement.of_hosts(np.zeros(2, int), 1))
    assert [v.kind for v in found.violations] == ["deadline", "deadline"]
    assert found.violations[0].by == pytest.approx(0.1 + 6e7 / 0.5e9 - 0.2)
    assert not found.feasible


def test_a_twin_without_work_or_share_still_misses_its_deadline():
    """No construction work means no share under the square-root rule; the update then never finishes."""
    arrays = roomy_arrays(2, 1) | {
        "cpu": np.array([1e9]),
        "root_work": np.zeros(2),
        "update_comm_s": np.array([[0.1], [0.1]]),
        "update_work": np.array([6e7, 6e7]),
        "deadline_s": np.array([0.2, 0.2]),
    }
    found = evaluate(PlacementProblem(**arrays), Placement.of_hosts(np.zeros(2, int), 1))
    assert not found.feasible
    assert {v.kind for v in found.violations} == {"deadline"}


def test_a_twin_that_the_deadlines_of_others_leave_without_cpu_is_reported():
    arrays = {"comm_s": [[0.1], [0.2]], "root_work": [1e4, 2e4], "cpu": [1e9], "capacity": [2], "opening_s": [0.1]}
    deadlines = {"update_comm_s": [[0.0], [0.0]], "update_work": [1e8, 1e8], "deadline_s": [0.1, np.inf]}
    problem = PlacementProblem(**arrays, **deadlines, alpha=1.0, beta=1.0)
    found = evaluate(problem, Placement.of_hosts(np.zeros(2, int), 1))
    assert found.cost == math.inf and not found.feasible
    assert [(each.kind, each.user, each.station, each.by) for each in found.violations] == [("cpu", 1, 0, math.inf)]


@pytest.mark.parametrize(
    ("host", "opened"),
    [([0, 0, 2], [True, True]), ([0, 0, -1], [True, True]), ([0, 0], [True, True]), ([0, 0, 1], [True, False])],
)
def test_placement_of_another_problem_is_refused(host, opened):
    with pytest.raises(ValueError, match="placement"):
        evaluate(roomy(3, 2), Placement(np.array(host), np.array(opened)))


# The compiled bookkeeping.


def check_books(problem, instance, hosting):
    """Counts, loads, floor loads, latencies and lists of a hosting equal those recomputed from its hosts."""
    oracle = Oracle(problem.arrays())
    for k in range(problem.stations):
        members = np.flatnonzero(hosting.host == k)
        assert hosting.users[k] == members.size
        assert hosting.load[k] == pytest.approx(problem.root_work[members].sum(), rel=1e-9, abs=1e-6)
        if problem.floor is not None:
            assert hosting.floor_load[k] == pytest.approx(problem.floor[members, k].sum(), rel=1e-9, abs=1e-3)
        expected = oracle.computing(members.tolist(), k)
        if math.isfinite(expected):
            assert hosting.latency[k] == pytest.approx(expected, rel=1e-8, abs=1e-12)
        listed, i = [], hosting.first[k]
        while i != NOBODY:
            listed.append(int(i))
            i = hosting.after[i]
        assert sorted(listed) == members.tolist()
        for before, after in zip([NOBODY, *listed], listed, strict=False):
            assert hosting.before[after] == before


@settings(max_examples=300)
@given(SEEDS, st.integers(0, 2**32 - 1))
def test_attach_and_detach_keep_the_books(seed, walk_seed):
    problem = PlacementProblem(**tiny(seed)[0])
    instance, rng = make_instance(problem), np.random.default_rng(walk_seed)
    hosting = make_hosting(instance)
    movable = np.flatnonzero(problem.allowed.any(axis=1))
    for _ in range(40 if movable.size else 0):
        i = rng.choice(movable)
        if hosting.host[i] == NOBODY:
            attach(instance, hosting, i, rng.choice(np.flatnonzero(problem.allowed[i])))
        else:
            detach(instance, hosting, i)
    check_books(problem, instance, hosting)


@settings(max_examples=300)
@given(SEEDS, st.integers(0, 2**32 - 1))
def test_trial_latencies_equal_those_after_the_move(seed, walk_seed):
    """What `computing` promises for one user more and one less is what attach and detach then book."""
    problem = PlacementProblem(**tiny(seed)[0])
    host = some_hosts(problem, np.random.default_rng(walk_seed))
    if host is None:
        return
    instance, rng = make_instance(problem), np.random.default_rng(walk_seed)
    hosting = make_hosting(instance, host)
    i = int(rng.integers(problem.users))
    k = int(rng.choice(np.flatnonzero(problem.allowed[i])))
    old = int(host[i])
    without = computing(instance, hosting, old, NOBODY, i)
    leaving = next((int(j) for j in np.flatnonzero(host == k) if j != i), NOBODY)
    promised = computing(instance, hosting, k, i, leaving) if k != old else None
    detach(instance, hosting, i)
    assert hosting.latency[old] == pytest.approx(without, rel=1e-8, abs=1e-12)
    if promised is not None:
        if leaving != NOBODY:
            detach(instance, hosting, leaving)
        attach(instance, hosting, i, k)
        assert hosting.latency[k] == pytest.approx(promised, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("tau_s", [(0.1, 0.3), (0.15, 0.5), (1.0, 9.0)])
def test_computing_along_the_list_is_that_of_the_kernel(seed, tau_s):
    """Also where minimum shares fill the CPU up to rounding, to one part in a billion."""
    problem = PlacementProblem(**deadline_arrays(24, 3, seed, tau_s))
    instance, rng = make_instance(problem), np.random.default_rng(seed)
    host = rng.integers(0, 3, 24)
    host[rng.random(24) < 0.4] = NOBODY
    hosting = make_hosting(instance, host)
    compared = 0
    for k, i, at_edge in itertools.product(range(3), np.flatnonzero(host == NOBODY).tolist(), (False, True)):
        members = np.append(np.flatnonzero(host == k), i)
        root_work, floor = instance.root_work[members], instance.floor[members, k]
        if not np.isfinite(floor).all():
            continue
        if at_edge:
            instance.cpu[k] = floor.sum() / (1 + 2e-10)
        fits = floors_fit_surely(floor.sum(), instance.cpu[k])
        if fits:
            arguments = members.size, root_work.sum(), floor.sum(), instance.cpu[k]
            found, expected = computing(instance, hosting, k, i, NOBODY), least_computing(root_work, floor, *arguments)
            assert found == pytest.approx(expected[0], rel=1e-9 if at_edge else 1e-12)
            compared += 1
        instance.cpu[k] = problem.cpu[k]
    assert compared > 5


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("deadlines", [False, True])
@pytest.mark.parametrize("capacity", [None, 8])
def test_sweeps_keep_the_books_the_constraints_and_never_cost_more(seed, deadlines, capacity):
    arrays = deadline_arrays(30, 5, seed, (0.15, 0.5)) if deadlines else roomy_arrays(30, 5, seed)
    if capacity:
        arrays["capacity"] = np.full(5, capacity)
    problem = PlacementProblem(**arrays)
    solution = solve(problem, "lagrangian", gap=0.5)
    instance = make_instance(problem)
    everywhere = np.ones(5, bool)
    hosting = make_hosting(instance)
    cost = associate(instance, hosting, np.full(30, NOBODY), everywhere, 1, 1e-12, np.inf)
    if not np.isfinite(cost):
        refill(instance, hosting, solution.placement.host)
        cost = total(instance, hosting)
    for sweep in (move, swap, move, swap):
        sweep(instance, hosting, everywhere)
        check_books(problem, instance, hosting)
        after = total(instance, hosting)
        assert after <= cost * (1 + 1e-12)
        cost = after
        evaluation = evaluate(problem, Placement.of_hosts(hosting.host.copy(), 5))
        assert evaluation.feasible
        used = np.unique(hosting.host)
        paid = problem.alpha / 30 * cost + problem.constant_cost
        assert evaluation.cost == pytest.approx(paid, rel=1e-9)
        assert evaluation.opening_s == pytest.approx(problem.opening_s[used].sum())


def move(instance, hosting, usable):
    move_sweep(instance, hosting, usable, instance.opening, 1e-12)


def swap(instance, hosting, usable):
    swap_sweep(instance, hosting, 0, hosting.host.size, 1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_after_the_sweeps_no_single_move_or_swap_helps(seed):
    """Local optimality of the compiled neighbourhoods, looked for with the oracle."""
    arrays = roomy_arrays(12, 4, seed) | {"capacity": np.full(4, 4)}
    problem, oracle = PlacementProblem(**arrays), Oracle(arrays)
    solution = solve(problem, "local_search")
    host, cost = solution.placement.host.tolist(), solution.cost
    for i in range(12):
        for k in range(4):
            assert oracle.cost(host[:i] + [k] + host[i + 1 :]) >= cost * (1 - 1e-9)
        for j in range(i):
            exchanged = host.copy()
            exchanged[i], exchanged[j] = host[j], host[i]
            assert oracle.cost(exchanged) >= cost * (1 - 1e-9)


def test_re_association_ends_inside_the_stations_allowed():
    problem = roomy(20, 5, seed=3)
    instance = make_instance(problem)
    hosting = make_hosting(instance)
    usable = np.array([False, True, False, True, False])
    cost = associate(instance, hosting, np.full(20, NOBODY), usable, 6, 1e-12, np.inf)
    assert set(hosting.host.tolist()) <= {1, 3}
    check_books(problem, instance, hosting)
    assert cost == pytest.approx(total(instance, hosting))


def test_re_association_says_where_seats_do_not_suffice():
    problem = PlacementProblem(**roomy_arrays(20, 5) | {"capacity": np.full(5, 8)})
    instance = make_instance(problem)
    hosting = make_hosting(instance)
    two = np.array([True, True, False, False, False])
    assert associate(instance, hosting, np.full(20, NOBODY), two, 6, 1e-12, np.inf) == np.inf


def test_opened_but_unused_stations_are_paid_for():
    problem = roomy(6, 3)
    lean = Placement.of_hosts(np.zeros(6, int), 3)
    lavish = Placement(lean.host, np.ones(3, bool))
    difference = evaluate(problem, lavish).cost - evaluate(problem, lean).cost
    assert difference == pytest.approx(problem.opening_s[1:].sum())
    assert is_hosted_properly(problem, solve(problem, "greedy"))
