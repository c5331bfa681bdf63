"""From a run to its migration problem: what a policy's hosts cost in it is what the run has recorded."""

import numpy as np
import pytest
from policy_runs import decisions, run_of
from test_dynamics import scenario

from twinhop.migration.offline import price
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem

MOVES = {"move_s": 0.3, "opening_s": 0.004, "energy_j_per_mbit": 0.05}
WEIGHTS = {"alpha": 1.7, "beta": 0.6, "kappa_s_per_j": 40.0}
#: What each term of a slot is called in the run and in the problem.
TERMS = {"communication": "communication_s", "computing": "computing_s", "moves": "moves_s", "opening": "opening_s"}


def run_and_problem(run, policy):
    """The outcomes of a policy, the run's problem, and the policy's hosts (P,) in the order of its visits."""
    outcomes, problem = decisions(run, policy), run_problem(run)
    hosts = np.full((run.slots, problem.users), -1)
    for slot, outcome in enumerate(outcomes):
        hosts[slot, outcome.situation.users] = outcome.host
    return outcomes, problem, hosts[problem.slot, problem.user]


@pytest.mark.parametrize("policy", ["follow_nearest", "hysteresis"])
@pytest.mark.parametrize("deadlines", [True, False])
@pytest.mark.parametrize("aggregation", ["mean", "sum"])
def test_hosts_of_a_run_cost_in_its_problem_what_the_run_recorded(policy, deadlines, aggregation):
    objective = {**WEIGHTS, "deadlines": deadlines, "aggregation": aggregation}
    run = MigrationRun(scenario(objective=objective, migration=MOVES), slots=40)
    outcomes, problem, hosts = run_and_problem(run, policy)
    priced = price(problem, hosts)
    assert problem.move_fixed_s == 0.3
    assert priced.moves == sum(int(outcome.moved.sum()) for outcome in outcomes) > 5
    costs = [outcome.cost for outcome in outcomes]
    assert priced.slot_cost_s == pytest.approx([cost.total for cost in costs], rel=1e-12)
    assert priced.cost == pytest.approx(np.mean([cost.total for cost in costs]), rel=1e-12)
    for name, own in TERMS.items():
        assert getattr(priced, own) == pytest.approx(np.mean([getattr(cost, name) for cost in costs]), rel=1e-12)
    assert priced.energy == pytest.approx(np.mean([cost.energy for cost in costs]), rel=1e-12)
    of_updates = run_problem(MigrationRun(scenario(objective=objective, migration=MOVES), slots=40)).energy
    assert priced.energy > of_updates * 1.01, "moves take no energy"
    assert min(priced.energy, priced.moves_s) > 0.01 * priced.cost, "terms too small to show in the cost"


@pytest.mark.parametrize("world", ["come and go", "failures", "cloud", "tight"])
def test_other_worlds_cost_the_same_in_their_problems(world):
    outcomes, problem, hosts = run_and_problem(run_of(world), "follow_nearest")
    recorded = [outcome.cost.total for outcome in outcomes]
    assert price(problem, hosts).slot_cost_s == pytest.approx(recorded, rel=1e-12)


@pytest.mark.parametrize("rule", ["equal", "proportional"])
def test_a_problem_shares_cpus_best_whatever_the_rule_of_the_run(rule):
    run = MigrationRun(scenario(objective={"deadlines": False}, compute={"cpu_rule": rule}), slots=20)
    outcomes, problem, hosts = run_and_problem(run, "follow_nearest")
    priced = price(problem, hosts)
    recorded = np.mean([outcome.cost.total for outcome in outcomes])
    computing = np.mean([outcome.cost.computing for outcome in outcomes])
    assert priced.computing_s < computing * (1 - 1e-4)
    assert priced.cost == pytest.approx(recorded - computing + priced.computing_s, rel=1e-12)
