"""Policies of one's own in comparisons, simulations, robustness and the benchmark."""

import numpy as np
import pytest

import twinhop
from twinhop.benchmarking.choice import chosen_tasks, policies_by_kind
from twinhop.errors import InputError

SCENARIO = "lu2021-n80-m5"


def place(problem):
    return np.where(problem.reachable, problem.comm_s, np.inf).argmin(axis=1)


def follow(situation):
    return situation.access


def test_a_comparison_has_it_beside_the_others_and_the_bound():
    comparison = twinhop.compare(SCENARIO, ["nearest", place, lambda problem: place(problem)])
    assert [row["policy"] for row in comparison.rows()] == ["nearest", "place", "<lambda>"]
    assert comparison.bound_by == "lagrangian" and all(row["gap"] > 0 for row in comparison.rows())
    assert comparison.plans[1].cost == comparison.plans[2].cost == twinhop.plan(SCENARIO, place).cost


def test_a_text_parts_policies_by_commas_and_one_may_stand_alone():
    comparison = twinhop.compare(SCENARIO, "nearest, random")
    assert [plan.solution.policy for plan in comparison.plans] == ["nearest", "random"]
    assert [plan.solution.policy for plan in twinhop.compare(SCENARIO, place).plans] == ["place"]
    assert twinhop.simulate(SCENARIO, follow, slots=1).policies == ("follow",)


def test_a_policy_given_twice_is_refused():
    with pytest.raises(InputError, match="nearest given more than once"):
        twinhop.compare(SCENARIO, ["nearest", place, "nearest"])


def test_robustness_takes_it():
    scenario = "family(30, 5, deadlines=on)"
    assert twinhop.robustness(scenario, 0.1, samples=2, policy=place).plan.solution.policy == "place"


def test_failing_hosts_and_moves_take_it():
    present = twinhop.plan(SCENARIO, place)
    plan = twinhop.plan(SCENARIO, place, without=["b0"], present=present, move_cost_s=0.1)
    assert plan.solution.policy == "place" and plan.failure is not None and plan.moves is not None


def test_a_city_with_services_takes_it():
    service = {"name": "view", "members": {"ids": ["u0", "u3"]}, "extracted_mbit": 0.1, "work_gcycles": 0.1}
    plan = twinhop.plan(twinhop.city([[0, 0], [500, 0]], np.zeros((6, 2)), services=[service]), place)
    assert plan.services is not None and plan.solution.policy == "place"


def test_a_simulation_takes_it():
    simulation = twinhop.simulate(SCENARIO, ["follow_nearest", follow], slots=3, seeds=2)
    assert [row["policy"] for row in simulation.rows()] == ["follow_nearest", "follow"]


def test_what_other_processes_cannot_be_given_runs_in_this_one():
    seen = []

    def mine(situation):
        seen.append(situation.index)
        return situation.access

    twinhop.simulate(SCENARIO, [mine], slots=2, seeds=2)
    assert seen == [0, 1, 0, 1]
    with pytest.raises(InputError, match="^jobs: got 2, but policy mine cannot be sent to another process: .*local"):
        twinhop.simulate(SCENARIO, [mine], slots=2, seeds=2, jobs=2)
    with pytest.raises(InputError, match="^jobs: got 2, but policy mine cannot be sent"):
        twinhop.benchmark([mine], quick=True, jobs=2)


def test_the_first_argument_says_what_a_policy_is_for():
    tasks, _ = chosen_tasks(["all"], quick=True)

    def either(x):
        return x

    def typed(x: twinhop.Situation):
        return x

    fitting = policies_by_kind(["nearest", place, follow, typed, "stay", place], tasks)
    assert [each.name for each in fitting["placement"]] == ["nearest", "place", "place (2)"]
    assert [each.text for each in fitting["migration"]] == ["follow", "typed", "stay"]
    with pytest.raises(InputError, match="either: nothing tells whether it places or migrates twins"):
        policies_by_kind([either], tasks)
    placing, _ = chosen_tasks(["placement"], quick=True)
    assert policies_by_kind([either], placing)["placement"][0].name == "either"


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Unreadable:
    def __array__(self, *arguments, **options):
        raise RuntimeError("no array")


def wordless(problem):
    raise Wordless


def unreadable(problem):
    return Unreadable()


@pytest.mark.parametrize(("policy", "words"), [(wordless, "raised Wordless"), (unreadable, "returned Unreadable")])
@pytest.mark.parametrize("limit_s", [60.0, float("inf")])
def test_what_fails_even_in_telling_leaves_the_others(policy, words, limit_s):
    comparison = twinhop.compare(SCENARIO, ["nearest", policy], time_limit_s=limit_s)
    assert [row["policy"] for row in comparison.rows()] == ["nearest"]
    assert comparison.failures[0].message.startswith(words)
