"""Learned prices: their bounds hold whatever the weights are, their plans keep the limits, and no JAX is needed."""

import json
import math
import shutil
import subprocess
import sys

import numpy as np
import pytest
from problem_makers import AGREEMENT, deadline_arrays, roomy, roomy_arrays, tiny

from twinhop.errors import InputError
from twinhop.inference.checkpoint import open_checkpoint, shipped
from twinhop.inference.price_weights import _shapes, blocks_of
from twinhop.inference.primal_dual import (
    PrimalDualPlacement,
    decode,
    learned_prices,
    network_of,
    prices_of,
    primal_dual,
)
from twinhop.placement import PlacementProblem, certify, evaluate, solve
from twinhop.placement.budget import Budget
from twinhop.placement.certificate_check import checked_certificate
from twinhop.placement.infeasibility import InfeasibleProblem
from twinhop.placement.policy import placement_policy
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search
from twinhop.placement.seating import require_seats


def arrays_of(seed, blocks=4, width=24, scale=0.3):
    rng = np.random.default_rng(seed)
    return {name: rng.normal(0.0, scale, shape).astype(np.float32) for name, shape in _shapes(blocks, width)}


def decided(network, problem, steps, branch):
    """The policy with other weights."""
    require_seats(problem)
    search = Search(problem, Budget())
    ascent = PriceAscent(search, prices=learned_prices(network, search))
    ascent.steps(1 + steps)
    decode(search, ascent)
    certificate = ascent.by_number(branch) if branch else ascent.certificate()
    return search, certificate


def test_bounds_of_any_weights_never_exceed_the_optimum_and_plans_are_feasible():
    certified, limited = 0, 0
    for seed in range(80):
        made, oracle, optimum = tiny(seed)
        problem = PlacementProblem(**made)
        network = network_of("primal_dual") if seed % 2 else blocks_of(arrays_of(seed), "random")
        try:
            search, certificate = decided(network, problem, seed % 5, seed % 3 * 8)
        except InfeasibleProblem:
            assert optimum == math.inf, seed
            continue
        placement = search.placement()
        assert certificate.lower_bound <= optimum * (1 + AGREEMENT), seed
        assert evaluate(problem, placement).feasible, seed
        cost = oracle.cost(placement.host.tolist(), placement.open.tolist())
        assert search.unscaled(search.cost) == pytest.approx(cost, rel=AGREEMENT), seed
        assert checked_certificate("primal_dual", problem, certificate).lower_bound == certificate.lower_bound
        certified += 1
        limited += problem.has_deadlines or bool((problem.capacity < problem.users).any())
    assert certified > 30 and limited > 10


def test_a_plan_comes_with_a_narrow_gap_and_branches_narrow_it():
    problem = roomy(60, 8, seed=3)
    answer, root = solve(problem, "primal_dual"), solve(problem, "primal_dual:steps=0:branch=0")
    best = solve(problem, "lagrangian")
    assert answer.evaluation.feasible and answer.lower_bound <= best.cost and best.lower_bound <= answer.cost
    assert answer.gap < 0.01 and answer.gap <= root.gap
    assert [part.part for part in root.certificate.parts] == [root.certificate.parts[0].part]


def test_plans_keep_seats_and_deadlines():
    rng = np.random.default_rng(0)
    for seed in range(4):
        made = deadline_arrays(40, 4, seed, (0.15, 0.4)) | {"capacity": rng.multinomial(2, [0.25] * 4) + 11}
        problem = PlacementProblem(**made)
        answer = solve(problem, "primal_dual")
        assert answer.evaluation.feasible and answer.gap < 0.05


def test_the_solver_goes_on_from_its_plan_and_prices():
    problem = roomy(60, 8, seed=5)
    begun, alone = solve(problem, "lagrangian:start=primal_dual"), solve(problem, "primal_dual")
    assert begun.cost <= alone.cost * (1 + 1e-9) and begun.evaluation.feasible
    assert begun.gap <= 0.005


@pytest.mark.parametrize(
    "changed",
    [
        {"root_work": np.zeros(12)},
        {"opening_s": np.zeros(3)},
        {"comm_s": np.zeros((12, 3))},
        {"root_work": np.zeros(12), "opening_s": np.zeros(3), "comm_s": np.zeros((12, 3))},
        {"capacity": np.array([0, 12, 12]), "cpu": np.array([0.0, 1e9, 1e10])},
        {"comm_s": np.where(np.arange(36).reshape(12, 3) % 3 == 0, np.inf, 0.2)},
        {"demand": np.ones(12), "demand_capacity": np.array([5.0, 5.0, 5.0])},
    ],
    ids=["no work", "no openings", "no links", "nothing", "a station shut", "forbidden links", "demands"],
)
def test_odd_problems_are_planned_and_bounded(changed):
    problem = PlacementProblem(**(roomy_arrays(12, 3, seed=1) | changed))
    answer = solve(problem, "primal_dual")
    best = solve(problem, "lagrangian")
    assert answer.evaluation.feasible
    assert np.isfinite(answer.lower_bound) and answer.lower_bound <= best.cost * (1 + AGREEMENT)
    assert answer.cost >= best.lower_bound * (1 - AGREEMENT)


def test_a_single_user_and_a_single_station():
    answer = solve(roomy(1, 1), "primal_dual")
    assert answer.evaluation.feasible and answer.gap == pytest.approx(0.0, abs=1e-9)


def test_no_plan_is_a_proof():
    made = roomy_arrays(4, 2) | {
        "update_comm_s": np.full((4, 2), 0.01),
        "update_work": np.full(4, 5e9),
        "deadline_s": np.full(4, 0.7),
    }
    with pytest.raises(InfeasibleProblem):
        solve(PlacementProblem(**made), "primal_dual")


def test_known_prices_are_where_it_begins():
    problem = roomy(30, 5, seed=2)
    first = prices_of(problem)
    again = prices_of(problem, first.price)
    partly = prices_of(problem, np.where(np.arange(30) < 10, np.nan, first.price))
    bounds = [certify(problem, *each[:3]).lower_bound for each in (first, again, partly)]
    assert not np.array_equal(first.price, again.price)
    assert min(bounds) > 0.97 * solve(problem).cost
    with pytest.raises(InputError, match=r"known: shape \(3,\) does not fit; expected \(30,\)"):
        prices_of(problem, np.ones(3))


def test_settings_that_are_not_accepted_are_named():
    for text, words in {
        "primal_dual:deep=3": "no setting 'deep'; accepted: PATH, steps, branch",
        "primal_dual:steps=-1": "steps: got '-1'; expected a whole number",
        "primal_dual:/nowhere": "no such folder",
        "primal_dual:maddpg": "was trained by the structured algorithm, whose weights give no prices",
    }.items():
        with pytest.raises(InputError, match=words):
            placement_policy(text)
    assert primal_dual.configured("steps=3:branch=0") == PrimalDualPlacement(steps=3, branch=0)


def test_weights_that_see_other_features_are_refused(tmp_path):
    folder = tmp_path / "other"
    shutil.copytree(shipped("primal_dual"), folder)
    manifest = json.loads((folder / "checkpoint.json").read_text())
    (folder / "checkpoint.json").write_text(json.dumps(manifest | {"price_features": 99}))
    with pytest.raises(InputError, match="see version 99 of the features of prices"):
        network_of(str(folder))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda arrays: arrays.pop(".blocks.user.bias"), "array .blocks.user.bias is missing"),
        (lambda arrays: arrays.update({".more": np.zeros(2, np.float32)}), "array .more is not expected"),
        (lambda arrays: arrays[".blocks.user.bias"].fill(np.nan), "holds numbers that are not finite"),
        (
            lambda arrays: arrays.update({".blocks.edge.weight": np.zeros((4, 5, 24), np.float32)}),
            "expected float32 \\(4, 6, 24\\)",
        ),
    ],
)
def test_damaged_weights_are_refused(change, words):
    arrays = arrays_of(0)
    change(arrays)
    with pytest.raises(InputError, match=words):
        blocks_of(arrays, "file")


def test_the_shipped_weights_are_small_and_said_to_be_what_they_are():
    checkpoint = open_checkpoint("primal_dual")
    assert checkpoint.policy_file.stat().st_size < 500_000
    assert checkpoint.configuration["algorithm"] == "primal_dual"


def test_deciding_needs_no_jax():
    code = (
        "import sys, numpy as np\nfrom twinhop.placement import PlacementProblem, solve\n"
        "p = PlacementProblem(np.ones((5, 2)), np.ones(5), np.ones(2), [5, 5], [.1, .2], alpha=1, beta=1)\n"
        "assert solve(p, 'primal_dual').evaluation.feasible\nassert 'jax' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
