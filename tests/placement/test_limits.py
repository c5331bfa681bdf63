"""The few users who prove that deadlines or demands cannot be met together, against brute force."""

import functools

import numpy as np
import pytest
from oracle import Oracle, all_hosts
from problem_makers import DEADLINE_FIELDS, deadline_arrays, roomy_arrays

from twinhop.placement import InfeasibleProblem, PlacementProblem, limits, solve
from twinhop.placement.budget import Budget
from twinhop.placement.limits import seat_within_limits
from twinhop.placement.seating import require_seats
from twinhop.placement.shortage import crowded_station, priced_shortage, shares

ROWS = {"comm_s", "root_work", "energy_j", "demand", *DEADLINE_FIELDS}


def crowded(seed):
    """Seven users, three stations, CPUs, seats and links so scarce that the deadlines can hardly be kept together."""
    rng = np.random.default_rng(seed)
    arrays = deadline_arrays(7, 3, seed, (0.1, 0.4))
    arrays["comm_s"] = np.where(rng.random((7, 3)) < 0.3, np.inf, arrays["comm_s"])
    arrays["comm_s"][np.arange(7), rng.integers(3, size=7)] = 0.2
    arrays["update_comm_s"] = arrays["comm_s"] * 0.05
    floor = arrays["update_work"] / np.maximum(arrays["deadline_s"] - 0.01, 1e-3)
    arrays["cpu"] = rng.uniform(0.6, 1.4, 3) * floor.sum() / 3 * rng.uniform(0.9, 1.6)
    arrays["capacity"] = rng.integers(2, 8, 3)
    return arrays


def heaped(seed):
    """Seven customers whose demands nearly fill three facilities."""
    rng = np.random.default_rng(seed)
    demand = rng.integers(3, 10, 7).astype(float)
    room = np.floor(rng.uniform(0.8, 1.2, 3) * demand.sum() / 3 * rng.uniform(1.0, 1.15))
    room[0] += max(0.0, demand.sum() - room.sum())
    return roomy_arrays(7, 3, seed) | {"demand": demand, "demand_capacity": room}


@functools.cache
def every_hosting(users, stations):
    """(associations, N, M) whether a station is the user's in each of all associations."""
    return np.array(list(all_hosts(users, stations)))[:, :, None] == np.arange(stations)


def fits(arrays, users):
    """Whether these users alone can be served: every association of them tried, floors and links by the oracle."""
    users = list(users)
    if not users:
        return True
    oracle = Oracle({name: value[users] if name in ROWS else value for name, value in arrays.items()})
    on = every_hosting(oracle.n, oracle.m)
    linked = np.array([[oracle._reachable(i, k) for k in range(oracle.m)] for i in range(oracle.n)])
    wants = [(np.where(linked, 1.0, np.inf), arrays["capacity"]), (np.array(oracle.floor), arrays["cpu"])]
    if "demand" in arrays:
        wants.append((np.repeat(arrays["demand"][users][:, None], oracle.m, axis=1), arrays["demand_capacity"]))
    good = [(np.where(on, want, 0.0).sum(axis=1) <= room * (1 + 1e-12)).all(axis=1) for want, room in wants]
    return bool(np.all(good, axis=0).any())


def proof_of(arrays):
    """The proof that deadlines or demands cannot be met together; None where there is a plan, or seats do not do."""
    problem = PlacementProblem(**arrays)
    try:
        require_seats(problem)
        seat_within_limits(problem, Budget())
    except InfeasibleProblem as error:
        return error.proof if error.proof.minimal is not None else None
    return None


INSTANCES = [crowded(seed) for seed in range(60)] + [heaped(seed) for seed in range(60)]


def test_named_users_do_not_fit_and_the_rest_of_them_do_without_any_one():
    found = {"deadlines": 0, "demand": 0}
    for at, arrays in enumerate(INSTANCES):
        proof = proof_of(arrays)
        if proof is None:
            continue
        found[proof.kind] += 1
        assert not fits(arrays, proof.users), at
        assert proof.minimal, at
        assert "leave out any one of them" in proof.message
        for one in proof.users:
            assert fits(arrays, [i for i in proof.users if i != one]), (at, proof.users, one)
    assert min(found.values()) > 7, found


def test_quick_proofs_are_right_and_common():
    """Whatever one station or prices single out does not fit, by brute force."""
    by_station = by_prices = 0
    for at, arrays in enumerate(INSTANCES):
        problem = PlacementProblem(**arrays)
        if not problem.allowed.any(axis=1).all():
            continue
        taken = shares(problem)
        one, priced = crowded_station(taken, problem.allowed), priced_shortage(taken, problem.allowed, Budget())
        for users in (one, priced):
            assert users is None or not fits(arrays, users.tolist()), at
        by_station, by_prices = by_station + (one is not None), by_prices + (priced is not None)
    assert min(by_station, by_prices) > 2, (by_station, by_prices)


def test_nothing_is_singled_out_where_everybody_fits():
    problem = PlacementProblem(**deadline_arrays(40, 6, 1, (0.1, 0.5)))
    taken = shares(problem)
    assert crowded_station(taken, problem.allowed) is None
    assert priced_shortage(taken, problem.allowed, Budget()) is None
    host = seat_within_limits(problem, Budget())
    assert (np.bincount(host, problem.floor[np.arange(40), host], minlength=6) <= problem.cpu_room).all()


def pigeons(stations):
    """One user more than stations can hold two each of, though all would fit if they could be divided."""
    users = 2 * stations + 1
    share = np.random.default_rng(0).uniform(0.34, 0.45, users)
    return roomy_arrays(users, stations) | {
        "cpu": np.full(stations, 1e9),
        "update_comm_s": np.full((users, stations), 0.1),
        "update_work": 0.1e9 * share,
        "deadline_s": np.full(users, 0.2),
    }


def test_what_only_whole_users_prove():
    problem = PlacementProblem(**pigeons(4))
    assert priced_shortage(shares(problem), problem.allowed, Budget()) is None
    with pytest.raises(InfeasibleProblem) as caught:
        seat_within_limits(problem, Budget())
    assert (len(caught.value.proof.users), caught.value.proof.minimal) == (9, True)


def test_without_time_the_set_is_not_called_minimal(monkeypatch):
    monkeypatch.setattr(limits, "SHRINKING_S", 0.0)
    with pytest.raises(
        InfeasibleProblem, match="smallest such set found, perhaps not all of them are needed"
    ) as caught:
        seat_within_limits(PlacementProblem(**pigeons(4)), Budget())
    assert caught.value.proof.minimal is False


def test_numbers_are_named_where_one_station_is_concerned():
    arrays = roomy_arrays(3, 2) | {
        "cpu": np.array([2e9, 8e9]),
        "update_comm_s": np.array([[0.1, 0.1], [0.1, 0.3], [0.1, 0.3]]),
        "update_work": np.array([1e8, 1.5e8, 1.25e8]),
        "deadline_s": np.full(3, 0.2),
    }
    with pytest.raises(InfeasibleProblem, match=r"only 1 station \(#0\).*: 2.75 of 2 Gcycle/s") as caught:
        solve(PlacementProblem(**arrays), "lagrangian")
    assert caught.value.proof.users == (1, 2)
