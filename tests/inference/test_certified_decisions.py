"""Plans of learned weights carry a bound that holds whatever the weights are, and keep the limits where plans can."""

import math
import re

import numpy as np
import pytest
from problem_makers import AGREEMENT, deadline_arrays, first_tiny, roomy, tiny

from twinhop.errors import InputError
from twinhop.inference.actor_weights import _shapes, actor_of_arrays
from twinhop.inference.checkpoint import open_checkpoint, read_arrays
from twinhop.inference.decide import Decider
from twinhop.inference.policy import LearnedPlacement, decider_of, decoded_hosts
from twinhop.placement import PlacementProblem, evaluate, solve
from twinhop.placement.budget import Budget
from twinhop.placement.certificate_check import checked_certificate
from twinhop.placement.given_plan import priced, take_up
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.placement import Placement
from twinhop.placement.search import Search


def arrays_of(seed, node=6, width=4, rounds=1, scale=1.0):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0.0, scale, shape).astype(np.float32) for name, shape in _shapes(node, width, rounds)}


def random_decider(seed, scale=1.0):
    return Decider(actor_of_arrays(arrays_of(seed, scale=scale), "random"))


@pytest.mark.parametrize("block", range(4))
def test_bounds_of_random_weights_never_exceed_the_optimum(block):
    certified = 0
    for seed in range(25 * block, 25 * (block + 1)):
        made, oracle, optimum = tiny(seed)
        problem, search = PlacementProblem(**made), Search(PlacementProblem(**made), Budget())
        try:
            take_up(search, decoded_hosts(random_decider(seed, scale=3.0), problem, "calibrated", 1))
        except InfeasibleProblem:
            assert optimum == math.inf, seed
            continue
        certificate = priced(search, 1 + seed % 30)
        placement = search.placement()
        assert certificate.lower_bound <= optimum * (1 + AGREEMENT), seed
        assert evaluate(problem, placement).feasible, seed
        cost = oracle.cost(placement.host.tolist(), placement.open.tolist())
        assert search.unscaled(search.cost) == pytest.approx(cost, rel=AGREEMENT), seed
        assert checked_certificate("maddpg", problem, certificate).lower_bound == certificate.lower_bound
        certified += 1
    assert certified > 5


def test_a_plan_of_the_package_comes_with_its_gap():
    problem = roomy(60, 8, seed=3)
    answer = solve(problem, "maddpg")
    best = solve(problem, "lagrangian")
    assert answer.certificate is not None and answer.certificate.method == "prices"
    assert answer.lower_bound <= best.cost and best.lower_bound <= answer.cost
    assert answer.gap < 0.02
    bare = solve(problem, "maddpg:certify=0")
    assert bare.certificate is None and bare.gap is None and answer.cost <= bare.cost * (1 + 1e-12)
    assert solve(problem, "maddpg:certify=200").lower_bound >= answer.lower_bound


def test_deadlines_that_can_be_kept_are_kept_and_moves_make_no_plan_dearer():
    seen, gaps = 0, []
    for seed in range(6):
        problem = PlacementProblem(**deadline_arrays(40, 4, seed, (0.05, 0.15)))
        host = decoded_hosts(decider_of("maddpg"), problem, "calibrated", 10)
        before = evaluate(problem, Placement.of_hosts(host, problem.stations))
        try:
            answer = solve(problem, "maddpg")
        except InfeasibleProblem:
            raise AssertionError("the plan of the weights is kept where no plan is feasible") from None
        if answer.note:
            with pytest.raises(InfeasibleProblem):
                solve(problem, "greedy")
            continue
        assert answer.evaluation.feasible, seed
        assert not before.feasible or answer.cost <= before.cost * (1 + 1e-12), seed
        seen += not before.feasible
        gaps.append(answer.gap)
    assert seen > 2, "hardly a plan of the weights alone was late: the test shows nothing"
    assert np.mean(gaps) < 0.026, "without the association that takes the hosts up, and moves, it is 3.2 %"


def test_where_no_plan_is_feasible_the_plan_is_kept_without_a_bound_and_says_so():
    seed = first_tiny(1, feasible=False, deadlines=True)[0]
    problem = PlacementProblem(**tiny(seed)[0])
    answer = solve(problem, "maddpg")
    assert answer.certificate is None and answer.note.startswith("no lower bound: infeasible")
    assert not answer.evaluation.feasible


def test_weights_that_cannot_decide_are_refused():
    whole = arrays_of(0)
    for change, words in (
        ({".score.weight": None}, "missing"),
        ({".score.weight": whole[".score.weight"][:2]}, "expected float32"),
        ({".score.bias": np.array([np.nan], np.float32)}, "not finite"),
        ({".extra": np.zeros(1, np.float32)}, r"array \.extra is not expected"),
    ):
        changed = {name: each for name, each in {**whole, **change}.items() if each is not None}
        with pytest.raises(InputError, match=words):
            actor_of_arrays(changed, "weights")


def test_weights_of_another_feature_version_are_refused(tmp_path):
    shipped = open_checkpoint("maddpg").folder
    for file in shipped.iterdir():
        text = file.read_bytes()
        if file.name == "checkpoint.json":
            text = text.replace(b'"format": 1,', b'"format": 1, "features": 2,')
        (tmp_path / file.name).write_bytes(text)
    with pytest.raises(InputError, match="version 2 of the features.*train them anew"):
        decider_of(str(tmp_path))


def test_the_tree_of_the_shipped_arrays_has_all_of_them():
    arrays = read_arrays(open_checkpoint("maddpg").policy_file)
    actor = actor_of_arrays(arrays, "maddpg")
    assert np.array_equal(actor.rounds[1].user.layers[0].weight, arrays[".rounds[1].user.layers[0].weight"])
    assert len(actor.rounds) == 2


@pytest.mark.parametrize("text", ["certify=-1", "certify=x", "certify=1e3", "certify=", "polish=-2", "certify=9999999"])
def test_counts_out_of_range_are_refused_in_a_line(text):
    with pytest.raises(InputError, match="expected a whole number from 0 to 999999") as error:
        LearnedPlacement().configured(text)
    assert "\n" not in str(error.value)


def test_the_solver_starts_from_any_policy_and_ends_no_worse_than_it():
    problem = roomy(40, 6, seed=1)
    first = solve(problem, "nearest")
    answer = solve(problem, "lagrangian:start=nearest")
    assert answer.cost <= first.cost and answer.gap is not None
    with pytest.raises(InputError, match="start: got 'lagrangian'"):
        solve(problem, "lagrangian:start=lagrangian")
    with pytest.raises(InputError, match="no setting 'begin'"):
        solve(problem, "lagrangian:begin=nearest")
    with pytest.raises(InputError, match=re.escape("no policy named 'nothing'")):
        solve(problem, "lagrangian:start=nothing")


def test_without_a_short_limit_nothing_is_started_from():
    problem = roomy(40, 6, seed=2)
    plain, none = solve(problem, "lagrangian"), solve(problem, "lagrangian:start=none")
    assert plain.placement.host.tolist() == none.placement.host.tolist()
    assert plain.lower_bound == none.lower_bound


def test_a_short_limit_begins_with_the_weights_and_proves_something():
    problem = roomy(200, 20, seed=5)
    answer = solve(problem, "lagrangian", time_limit_s=1e-9)
    assert answer.timed_out and answer.evaluation.feasible
    assert answer.gap < 0.1, "twenty-five steps from the learned plan"
    assert answer.cost <= solve(problem, "maddpg:certify=0").cost * (1 + 1e-12)
