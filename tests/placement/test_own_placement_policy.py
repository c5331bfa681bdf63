"""Placement policies of one's own: what they are given, what they may return, and what is refused."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.placement import Decision, Placement, PlacementProblem, evaluate, solve
from twinhop.placement.policies.nearest import nearest
from twinhop.placement.policy import placement_policies, placement_policy

PROBLEM = PlacementProblem(
    comm_s=[[0.1, 0.4, 0.9, 0.2], [0.5, 0.2, 0.6, 0.2], [0.3, 0.3, np.inf, 0.2]],
    root_work=[1.0, 1.0, 1.0],
    cpu=[4.0, 4.0, 4.0, 4.0],
    capacity=[2, 2, 2, 0],
    opening_s=[0.1, 0.1, 0.1, 0.1],
    alpha=1.0,
    beta=1.0,
    user_ids=("ada", "bob", "cem"),
    station_ids=("north", "south", "east", "mast"),
)


def test_an_array_of_hosts_opens_what_it_uses():
    solution = solve(PROBLEM, lambda problem: [0, 1, 0])
    assert solution.policy == "<lambda>" and solution.placement.open.tolist() == [True, True, False, False]
    assert solution.cost == evaluate(PROBLEM, Placement.of_hosts(np.array([0, 1, 0]), 4)).cost
    assert solution.certificate is None


def test_a_placement_may_open_more():
    placement = Placement(np.array([0, 1, 0]), np.array([True, True, True, False]))
    assert solve(PROBLEM, lambda problem: placement).placement.open.sum() == 3


def test_a_decision_keeps_its_certificate():
    def twice(problem):
        solution = solve(problem)
        return Decision(solution.placement, solution.certificate)

    assert solve(PROBLEM, twice).lower_bound == solve(PROBLEM).lower_bound


def test_seats_and_deadlines_are_violations_as_for_all_policies():
    solution = solve(PROBLEM, lambda problem: [1, 1, 1])
    assert [(each.kind, each.station, each.by) for each in solution.evaluation.violations] == [("capacity", 1, 1.0)]


class Keen:
    name = "keen"

    def __init__(self, seed):
        self.seed = seed

    def decide(self, problem, rng, seed, time_limit_s, budget):
        assert self.seed == seed and budget.remaining_s() <= time_limit_s
        self.drawn = rng.integers(0, 3)
        return [self.drawn, 0, 1]


def test_a_class_is_made_for_each_solve_and_given_what_it_asks_for():
    first = solve(PROBLEM, Keen, seed=4, time_limit_s=9.0)
    assert first.policy == "keen" and first.seed == 4
    assert [solve(PROBLEM, Keen, seed=4).placement.host[0] for _ in range(3)] == [first.placement.host[0]] * 3
    assert len({solve(PROBLEM, Keen, seed=seed).placement.host[0] for seed in range(20)}) == 3


def test_a_callable_object_decides():
    class Called:
        def __call__(self, problem):
            return [0, 0, 1]

    assert solve(PROBLEM, Called()).policy == "Called" and solve(PROBLEM, Called).placement.host.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "returned nothing; expected 3 station indices from 0 to 3, a Placement or a Decision"),
        ([0, 1], r"returned an array of shape \(2,\); expected 3"),
        ([0, 1, 9], "returned 9 at index 2"),
        ([0, 1, -1], "returned -1 at index 2"),
        ([0, 1, 3], "puts cem on mast, which may host nothing; expected stations of capacity > 0"),
        ([0, 1, 2], "puts cem on east, a forbidden arc; expected finite comm_s"),
        (Placement(np.array([0, 1, 0]), np.array([True] + 3 * [False])), "puts bob on south, which it does not open"),
        (
            Placement(np.array([0, 1, 0]), np.array([True])),
            r"returned a Placement whose open is bool of shape \(1,\); expected bool of shape \(4,\)",
        ),
        (Placement(np.array([0, 1, 0]), np.ones(4)), "returned a Placement whose open is float64"),
        (Placement(np.array([0, 1]), np.ones(4, bool)), r"returned an array of shape \(2,\)"),
        (Decision(Placement.of_hosts(np.array([0, 1, 0]), 4), 0.5), "returned a Decision whose certificate is float"),
        (Decision(Placement(np.array([0, 1, 7]), np.ones(4, bool))), "returned 7 at index 2"),
    ],
)
def test_what_is_no_placement_is_refused_by_name(result, message):
    def mine(problem):
        return result

    with pytest.raises(InputError, match=f"^policy: mine {message}"):
        solve(PROBLEM, mine)


def test_what_cannot_be_called_is_refused_before_anything_is_solved():
    for policy in (lambda: 1, 3, None, object):
        with pytest.raises(InputError, match="^policy: .*expected"):
            placement_policy(policy)


def test_an_error_inside_is_no_proof_that_there_is_no_plan():
    def mine(problem):
        return solve(replace(problem, capacity=[1, 0, 0, 0])).placement

    with pytest.raises(InputError, match="^policy: mine raised InfeasibleProblem: infeasible: "):
        solve(PROBLEM, mine)


def test_names_are_told_apart():
    def greedy(problem):
        return [0, 0, 1]

    chosen = placement_policies(["greedy", greedy, greedy, lambda problem: 1])
    assert [each.name for each in chosen] == ["greedy", "greedy (2)", "greedy (3)", "<lambda>"]
    assert solve(PROBLEM, chosen[1]).policy == "greedy (2)"
    assert placement_policy(nearest).own is None and placement_policy(nearest).name == "nearest"


def test_a_known_name_before_the_colon_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "greedy.py").write_text("def place(problem):\n    return [0, 0, 1]\n")
    with pytest.raises(InputError, match="greedy places twins once and has no settings"):
        placement_policy("greedy:place")
    assert solve(PROBLEM, "greedy.py:place").placement.host.tolist() == [0, 0, 1]
    with pytest.raises(InputError, match=r"greedy.py: no function is named; expected greedy.py:function"):
        placement_policy("greedy.py")
    with pytest.raises(InputError, match=r"no policy and no module named 'greedi'; did you mean 'greedy'\?"):
        placement_policy("greedi:place")


def test_a_policy_goes_to_another_process():
    for policy in ("greedy", "maddpg:polish=2", Keen):
        chosen = placement_policies([policy])[0]
        again = pickle.loads(pickle.dumps(chosen))
        assert again.name == chosen.name and type(again.decide) is type(chosen.decide)
