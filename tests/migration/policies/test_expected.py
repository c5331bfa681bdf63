"""What is expected of users and hosts: the chain against counting, values against all policies, plans and moves."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes
from twinhop.migration.station_chain import StationChain, mean_of_powers
from twinhop.migration.value_loop import values_to_go
from twinhop.scenario.mobility import Positions
from twinhop.scenario.schema.scenario import Scenario


@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_mean_of_powers_is_their_mean(seed, count):
    matrix = np.random.default_rng(seed).dirichlet(np.ones(4), size=4)
    powers = [np.linalg.matrix_power(matrix, h) for h in range(count)]
    assert mean_of_powers(matrix, count) == pytest.approx(np.mean(powers, axis=0), rel=1e-12)


@pytest.mark.parametrize("strength", [float("inf"), 7.0])
def test_the_chain_counts_what_was_seen(strength):
    rng = np.random.default_rng(5)
    access = rng.integers(-1, 3, (60, 4))
    chain = StationChain(4, 3, strength)
    chain.see(access[:20])
    chain.see(access[20:])
    pairs = [
        (i, a, b)
        for now, then in itertools.pairwise(access)
        for i, (a, b) in enumerate(zip(now, then, strict=True))
        if min(a, b) >= 0
    ]
    common = [[sum((a, b) == (x, y) for _, a, b in pairs) + (x == y) for y in range(3)] for x in range(3)]
    common = np.array(common) / np.sum(common, axis=1, keepdims=True)
    own = np.array([[sum((i, a, b) == (2, x, y) for i, a, b in pairs) for y in range(3)] for x in range(3)], float)
    expected = common
    if np.isfinite(strength):
        expected = (own + strength * common) / (own.sum(axis=1, keepdims=True) + strength)
    assert chain.matrix(2) == pytest.approx(expected, rel=1e-12)


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_values_are_those_of_the_best_decisions(seed, slots):
    """Against plain recursion over everything that may happen."""
    rng = np.random.default_rng(seed)
    chain, cost_s, move_s = rng.dirichlet(np.ones(3), size=3), rng.random((3, 2)), rng.random((2, 2))
    np.fill_diagonal(move_s, 0.0)

    def value(a, k, left):
        if left == 0:
            return 0.0
        later = [min(move_s[k, q] + cost_s[b, q] + value(b, q, left - 1) for q in range(2)) for b in range(3)]
        return sum(p * v for p, v in zip(chain[a], later, strict=True))

    found = np.zeros((3, 2))
    values_to_go(chain, cost_s, move_s, slots - slots // 2, found)
    values_to_go(chain, cost_s, move_s, slots // 2, found)
    assert found == pytest.approx(np.array([[value(a, k, slots) for k in range(2)] for a in range(3)]), abs=1e-12)


class Commuters(Positions):
    """Users who stand at one station and are seen at the other every fourth slot."""

    slots, slot_s, user_ids = 80, 1.0, tuple(f"u{i}" for i in range(6))

    def __iter__(self):
        for t in range(self.slots):
            x_m = np.where((t + np.arange(6)) % 4 == 0, 4000.0, 0.0)
            yield np.column_stack([x_m + 10.0, np.full(6, 10.0)])


def two_stations(**sections):
    return Scenario.model_validate(
        {
            "schema_version": 1,
            "name": "two",
            "area": {"width_m": 5000, "height_m": 100},
            "radio": {"access": "nearest"},
            "backhaul": {"latency_s_per_bit_m": 1e-9},
            "stations": {"list": [{"id": "a", "x_m": 0, "y_m": 0}, {"id": "b", "x_m": 4000, "y_m": 0}]},
            "users": {"generate": {"count": 6}, "update_mbit": 0.1, "history_mbit": 10},
            "objective": {"deadlines": False},
            **sections,
        }
    )


def test_short_visits_elsewhere_move_nobody():
    """Moves cost 10 visits; a policy that only sees the present would place the visitors at the other station."""
    run = MigrationRun(two_stations(), slots=80, positions=Commuters())
    moves = sum(int(outcome.moved.sum()) for outcome in outcomes(run, policy_choice("expected")))
    assert moves == 0


def test_a_failed_host_is_left_by_a_plan_of_what_is_expected():
    schedule = [{"station": "a", "down_s": 20.0, "up_s": 40.0}]
    run = MigrationRun(two_stations(movement={"failures": {"schedule": schedule}}), slots=80, positions=Commuters())
    for outcome in outcomes(run, policy_choice("expected")):
        if 20 <= outcome.situation.index < 40:
            assert (outcome.host == 1).all()
        assert outcome.fallbacks == 0


class Standing(Positions):
    """Two users who stand at the second station throughout."""

    slots, slot_s, user_ids = 40, 1.0, ("u0", "u1")

    def __iter__(self):
        return iter([np.array([[4010.0, 10.0], [4010.0, 10.0]])] * self.slots)


@pytest.mark.parametrize("margin", [1.0, 1.5])
@pytest.mark.parametrize("end", ["known", "open"])
def test_a_twin_comes_while_the_slots_left_pay_for_its_move_by_the_margin(margin, end):
    """Who never leaves a station saves the same in every slot to come: the threshold is a division."""
    users = {"generate": {"count": 2}, "update_mbit": 0.1, "history_mbit": 1}
    slow = [{"id": name, "x_m": x_m, "y_m": 0, "cpu_gcycles_per_s": 0.05} for name, x_m in (("a", 0), ("b", 4000))]
    city = two_stations(users=users, stations={"list": slow})
    run = MigrationRun(city, slots=40, positions=Standing())
    policy = policy_choice(f"expected:margin={margin}:end={end}:move_slots=35:refresh=1").for_run(run, None)
    section, own, cpu = run.scenario.migration, run.users.root_work, run.hosts.cpu
    away_s = 1e-9 * 4000 * 0.1e6 + own[0] ** 2 / cpu[0]
    near_s = own[0] * (2 * own[1] + own[0]) / cpu[1]
    move_s = margin * (section.move_s + 1e-9 * 4000 * 1e6)
    assert 0.1 * away_s < near_s < away_s, "computing does not show"
    came = []
    for situation in run:
        left = min(35, 40 - situation.index) if end == "known" else 35
        host = policy.decide(situation.with_hosts(np.array([0, 1])))
        assert host.tolist() == ([1, 1] if left * (away_s - near_s) > move_s else [0, 1]), situation.index
        came.append(host[0])
    assert len(set(came)) == (2 if end == "known" else 1)
