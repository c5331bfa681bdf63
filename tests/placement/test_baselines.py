"""The baselines of the paper's Fig. 9, and seats where they are short."""

import itertools
import math

import numpy as np
import pytest
from problem_makers import roomy_arrays

from twinhop.placement import InfeasibleProblem, PlacementProblem, policy_names, solve
from twinhop.placement.policies.random import uniform_opened_set
from twinhop.placement.seating import require_seats, seat_remaining
from twinhop.placement.station_load import NOBODY

DRAWS = 6000


def chi_square(counts, expected):
    return float(((np.asarray(counts) - expected) ** 2 / expected).sum())


def far_out(degrees):
    """A chi-square value that chance exceeds about once in a million times."""
    return degrees + 5.5 * math.sqrt(2 * degrees)


@pytest.mark.parametrize(
    "capacity", [[5, 3, 2, 1], [1, 2, 3, 5], [3, 3, 3, 3], [6, 6, 6, 6], [4, 0, 4, 2], [2, 2, 1, 1], [1000, 1, 1, 5]]
)
def test_opened_set_is_uniform_over_the_subsets_with_enough_seats(capacity):
    capacity = np.array(capacity)
    problem = PlacementProblem(**roomy_arrays(6, 4) | {"capacity": capacity})
    hosts = np.flatnonzero(capacity > 0)
    feasible = [
        subset
        for size in range(1, hosts.size + 1)
        for subset in itertools.combinations(hosts.tolist(), size)
        if capacity[list(subset)].sum() >= 6
    ]
    rng = np.random.default_rng(3)
    count = dict.fromkeys(feasible, 0)
    for _ in range(DRAWS):
        count[tuple(np.flatnonzero(uniform_opened_set(problem, rng)).tolist())] += 1
    if len(feasible) > 1:
        assert chi_square(list(count.values()), DRAWS / len(feasible)) < far_out(len(feasible) - 1)


def test_random_spreads_users_evenly_over_the_opened_set():
    problem = PlacementProblem(**roomy_arrays(40, 5))
    hosts = [solve(problem, "random_association", seed=seed).placement.host for seed in range(150)]
    counts = np.bincount(np.concatenate(hosts), minlength=5)
    assert chi_square(counts, 40 * 150 / 5) < far_out(4)


@pytest.mark.parametrize("policy", ["random", "random_association"])
@pytest.mark.parametrize("seed", range(10))
def test_random_policies_keep_capacities_and_avoid_forbidden_arcs(policy, seed):
    rng = np.random.default_rng(seed)
    arrays = roomy_arrays(12, 4, seed) | {"capacity": np.array([5, 4, 3, 2])}
    arrays["comm_s"] = np.where(rng.random((12, 4)) < 0.2, np.inf, arrays["comm_s"])
    problem = PlacementProblem(**arrays)
    try:
        require_seats(problem)
    except InfeasibleProblem:
        return
    solution = solve(problem, policy, seed=seed)
    assert solution.evaluation.feasible
    if policy == "random_association":
        assert solution.placement.open.all()


def test_random_seeds_differ_and_random_opens_all_it_drew():
    problem = PlacementProblem(**roomy_arrays(3, 6))
    drawn = [solve(problem, "random", seed=seed).placement for seed in range(40)]
    assert len({placement.host.tobytes() for placement in drawn}) > 20
    assert any((placement.loads()[placement.open] == 0).any() for placement in drawn)


def test_random_where_hardly_any_subset_works():
    """Seats of all stations together are exactly N, so only one of 2^20 subsets does."""
    problem = PlacementProblem(**roomy_arrays(40, 20) | {"capacity": np.full(20, 2)})
    solution = solve(problem, "random")
    assert solution.placement.open.all()
    assert solution.evaluation.feasible


def test_random_where_forbidden_arcs_leave_one_subset():
    """Each user reaches one station alone, so that every drawn subset but the full one fails."""
    arrays = roomy_arrays(12, 12)
    arrays["comm_s"] = np.where(np.eye(12) > 0, 0.5, np.inf)
    assert solve(PlacementProblem(**arrays), "random").placement.open.all()


def brute_nearest(distance, capacity):
    room, host = list(capacity), []
    for row in distance:
        k = min((k for k in range(len(room)) if room[k] > 0), key=lambda k: (row[k], k))
        room[k] -= 1
        host.append(k)
    return host


@pytest.mark.parametrize("capacity", [[20, 20, 20, 20], [5, 5, 5, 5], [2, 20, 0, 3]])
def test_nearest_in_metres_and_next_nearest_when_full(capacity):
    rng = np.random.default_rng(8)
    distance = rng.uniform(0, 1000, (20, 4))
    problem = PlacementProblem(**roomy_arrays(20, 4) | {"capacity": np.array(capacity)}, distance_m=distance)
    solution = solve(problem, "nearest")
    assert solution.placement.host.tolist() == brute_nearest(distance, capacity)
    assert solution.placement.open.tolist() == [seats > 0 for seats in capacity]


def test_nearest_of_a_problem_file_is_least_latency():
    arrays = roomy_arrays(20, 4)
    solution = solve(PlacementProblem(**arrays), "nearest")
    assert solution.placement.host.tolist() == arrays["comm_s"].argmin(axis=1).tolist()


def test_nearest_takes_the_first_of_equals():
    problem = PlacementProblem(**roomy_arrays(5, 3), distance_m=np.ones((5, 3)))
    assert solve(problem, "nearest").placement.host.tolist() == [0] * 5


def test_least_loaded_by_hand():
    arrays = roomy_arrays(4, 2) | {"root_work": np.array([4.0, 1.0, 1.0, 1.0]), "cpu": np.array([2.0, 1.0])}
    # 4/2 < 4/1; then 1/1 < 5/2; then 2/1 < 5/2; then 5/2 < 3/1
    assert solve(PlacementProblem(**arrays), "least_loaded").placement.host.tolist() == [0, 1, 1, 0]


def dead_end(length):
    """Users 0..length-1 reach stations i and i + 1, one seat each; the last one reaches station 0 alone.

    Seating in order of preference fills station i with user i, so that everyone must move on for the last.
    """
    comm = np.full((length + 1, length + 1), np.inf)
    for i in range(length):
        comm[i, i], comm[i, i + 1] = 0.1, 0.2
    comm[length, 0] = 0.1
    size = length + 1
    return roomy_arrays(size, size) | {"comm_s": comm, "capacity": np.ones(size, int)}


@pytest.mark.parametrize("policy", policy_names())
@pytest.mark.parametrize("length", [1, 2, 9])
def test_augmenting_paths_lead_out_of_dead_ends(policy, length):
    solution = solve(PlacementProblem(**dead_end(length)), policy)
    assert solution.evaluation.feasible
    assert solution.placement.host.tolist() == [*range(1, length + 1), 0]


def test_long_augmenting_path():
    arrays = dead_end(300)
    host = np.append(np.arange(300), NOBODY)
    seated = seat_remaining(PlacementProblem(**arrays), host)
    assert seated.tolist() == [*range(1, 301), 0]
    assert host[-1] == NOBODY, "the hosts given are not changed"


def is_violating_set(arrays, proof):
    """Hall: the named users reach no station beyond those named, and are more than their seats."""
    usable = np.isfinite(arrays["comm_s"]) & (arrays["capacity"] > 0)
    reached = set(np.flatnonzero(usable[list(proof.users)].any(axis=0)).tolist())
    return reached <= set(proof.stations) and len(proof.users) > arrays["capacity"][list(proof.stations)].sum()


@pytest.mark.parametrize("seed", range(60))
def test_proofs_name_users_with_more_claims_than_seats(seed):
    rng = np.random.default_rng(seed)
    users, stations = int(rng.integers(2, 15)), int(rng.integers(1, 6))
    arrays = roomy_arrays(users, stations, seed)
    arrays["comm_s"] = np.where(rng.random((users, stations)) < 0.5, np.inf, arrays["comm_s"])
    arrays["capacity"] = rng.integers(0, 1 + 2 * users // stations, stations)
    problem = PlacementProblem(**arrays)
    try:
        solution = solve(problem, "nearest")
    except InfeasibleProblem as error:
        assert error.proof.kind in ("capacity", "unreachable")
        assert is_violating_set(arrays, error.proof)
        assert error.proof.users == tuple(sorted(set(error.proof.users)))
        assert str(len(error.proof.users)) in str(error)
    else:
        assert solution.evaluation.feasible


def test_hall_proof_of_a_part_only():
    """Three users share one seat although the others have plenty: only those three are named."""
    arrays = roomy_arrays(8, 3) | {"capacity": np.array([1, 8, 8])}
    arrays["comm_s"] = np.where((np.arange(8)[:, None] < 3) & (np.arange(3) > 0), np.inf, 0.5)
    with pytest.raises(InfeasibleProblem) as caught:
        solve(PlacementProblem(**arrays), "lagrangian")
    proof = caught.value.proof
    assert proof.kind == "capacity"
    assert set(proof.users) <= {0, 1, 2}
    assert proof.stations == (0,)
    assert is_violating_set(arrays, proof)


def test_total_capacity_below_the_number_of_users():
    problem = PlacementProblem(**roomy_arrays(8, 3) | {"capacity": np.array([2, 2, 3])})
    for policy in policy_names():
        with pytest.raises(InfeasibleProblem, match=r"7 seats in all for 8 users: 1 short") as caught:
            solve(problem, policy)
        assert caught.value.proof.kind == "capacity"
        assert caught.value.proof.users == tuple(range(8))


def test_unreachable_users_are_named():
    arrays = roomy_arrays(4, 2)
    arrays["comm_s"] = np.where(np.arange(4)[:, None] == 2, np.inf, 0.5) * np.ones((4, 2))
    problem = PlacementProblem(**arrays, user_ids=("ann", "bob", "cyd", "dan"))
    with pytest.raises(InfeasibleProblem, match="cyd") as caught:
        solve(problem, "greedy")
    assert caught.value.proof.users == (2,)
    assert caught.value.proof.kind == "unreachable"
