"""Learned weights as policies: settings, seats, forbidden arcs, sizes, and what is refused."""

import math

import jax
import numpy as np
import pytest

import twinhop
from twinhop.errors import InputError
from twinhop.inference.policy import LearnedPlacement, decider_of, learned_hosts, maddpg
from twinhop.learn.checkpoint import save_checkpoint
from twinhop.learn.structured import StructuredConfig, new_actor
from twinhop.migration.policy import policy_choice
from twinhop.placement import PlacementProblem, solve
from twinhop.placement.policy import placement_policy
from twinhop.training.evaluation import BASELINES, LEARNED, Score, SourceScores, evaluate_checkpoint

RECORD = {
    "algorithm": "structured",
    "configuration": {"name": "tiny", "scenario": "lu2021-n80-m5", "structured": {"node_width": 8}},
    "users": 6,
    "stations": 3,
    "seed": 0,
    "iteration": 0,
    "evaluation": {},
}


def problem(users=9, stations=3, **changes):
    rng = np.random.default_rng(users)
    arrays = {
        "comm_s": rng.uniform(0.1, 1.0, (users, stations)),
        "root_work": rng.uniform(1e4, 3e4, users),
        "cpu": rng.uniform(8e9, 24e9, stations),
        "capacity": np.full(stations, users),
        "opening_s": np.full(stations, 0.05),
        "alpha": 1.0,
        "beta": 1.0,
    }
    return PlacementProblem(**{**arrays, **changes})


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A checkpoint of weights that have learned nothing: every station open, twins on the nearest."""
    folder = tmp_path_factory.mktemp("own") / "checkpoint"
    save_checkpoint(folder, RECORD, new_actor(StructuredConfig(node_width=8), jax.random.key(0)))
    return folder


def test_settings_are_read_in_any_order_and_refused_by_name(own):
    policy = placement_policy(f"maddpg:polish=3:{own}:decode=argmax").decide
    assert policy == LearnedPlacement(str(own), "argmax", 3)
    for text, words in (
        ("maddpg:polish=x", "polish: got 'x'; expected a whole number"),
        ("maddpg:decode=best", "decode: got 'best'; accepted: argmax, calibrated"),
        ("maddpg:speed=1", "has no setting 'speed'; accepted: PATH, decode, polish"),
        ("maddpg:nowhere", "nowhere: no such folder"),
        ("greedy:k=3", "greedy places twins once and has no settings"),
    ):
        with pytest.raises(InputError, match=words):
            placement_policy(text)


def test_weights_of_ones_own_decide_and_polish_never_worsens(own):
    result = [solve(problem(), f"maddpg:{own}:polish={moves}") for moves in (0, 5)]
    assert result[1].cost <= result[0].cost
    assert result[0].evaluation.feasible and result[0].cost >= solve(problem()).lower_bound


@pytest.mark.parametrize("users", [1, 5, 31, 33])
def test_any_number_of_users_is_seated_on_allowed_stations_with_room(own, users):
    comm = np.random.default_rng(0).uniform(0.1, 1.0, (users, 3))
    comm[::2, 0] = np.inf
    asked = problem(users, comm_s=comm, capacity=np.array([users, users, 1]))
    host = learned_hosts(decider_of(str(own)), asked, "calibrated", 2)
    assert np.isfinite(comm[np.arange(users), host]).all()
    assert (np.bincount(host, minlength=3) <= asked.capacity).all()


def test_the_weights_of_the_package_are_close_to_the_bound():
    policy = maddpg.configured("polish=10")
    asked = twinhop.plan("lu2021-n80-m5", seed=700).case.problem
    result = solve(asked, "maddpg:polish=10")
    assert policy.polish == 10
    assert result.cost < 1.02 * solve(asked).lower_bound
    assert result.cost < 0.95 * solve(asked, "nearest").cost


def test_weights_of_a_flat_state_cannot_decide_bare_problems(tmp_path):
    folder = save_checkpoint(tmp_path / "literal", {**RECORD, "algorithm": "literal"}, {"a": np.zeros(1)})
    with pytest.raises(
        InputError, match=r"trained by the literal algorithm for 6 users and 3 stations.*twinhop evaluate"
    ):
        placement_policy(f"maddpg:{folder}")


def test_evaluation_judges_everybody_on_the_same_worlds(tmp_path):
    result = evaluate_checkpoint("maddpg", ["lu2021-n80-m5"], seeds=2, polish=5)
    (source,) = result.sources
    assert [score.policy for score in source.scores] == [LEARNED, *BASELINES]
    assert source.root_seeds == (1000, 1001)
    assert all(min(score.gap) >= 0 for score in source.scores)
    row = result.rows()[0]
    assert row["gap_mean"] < result.rows()[1]["gap_mean"] and row["gain"] is None
    assert row["cost_interval"] is None and row["gap_mean_interval"] is None  # of two worlds
    assert "| - |" in result.report()
    assert result.to_json()["digest"] == result.checkpoint.digest
    written = [path.name for path in result.save(tmp_path / "out")]
    assert written == [f"evaluation.{suffix}" for suffix in ("csv", "json", "md", "png", "tex")]
    for changes, words in (({"seeds": 0}, "seeds: got 0"), ({"polish": -1}, "polish: got -1")):
        with pytest.raises(InputError, match=words):
            evaluate_checkpoint("maddpg", **changes)


def test_intervals_of_gaps_to_a_bound_do_not_begin_below_it():
    rows = evaluate_checkpoint("maddpg", ["lu2021-n80-m5"], seeds=5, policies="random,lagrangian").rows()
    for row in rows:
        low, high = row["gap_mean_interval"]
        assert 0 <= low <= row["gap_mean"] <= high <= row["gap_worst"]
        assert row["cost_interval"][0] <= row["cost"] <= row["cost_interval"][1]


def test_figure_and_report_have_the_numbers_of_the_rows():
    result = evaluate_checkpoint("maddpg", ["lu2021-n80-m5"], seeds=5, policies="random,lagrangian")
    (axes,) = result.plot().axes
    drawn = [float(x) for line in axes.lines for x in line.get_xdata()]
    costs = {score.policy: score.cost for score in result.sources[0].scores}
    for row in result.rows():
        for number in (row["gap_iqm"], *row["gap_iqm_interval"]):
            assert any(abs(x - max(number, 1e-5)) < 1e-12 for x in drawn)
        assert f"| {100 * row['gap_iqm']:.3f} |" in result.report()
        if row["policy"] != LEARNED:
            pairs = list(zip(costs[row["policy"]], costs[LEARNED], strict=True))
            assert row["wins"] == sum(own < weights * (1 - 1e-9) for own, weights in pairs)
            assert f"{row['wins']}/{row['ties']}/{row['losses']}" in result.report()
    three = evaluate_checkpoint("maddpg", ["lu2021-n80-m5"], seeds=3, policies="random")
    assert all(row["gap_iqm_interval"] is None for row in three.rows())
    assert not any(len(line.get_xdata()) == 2 for line in three.plot().axes[0].lines)


def test_an_infeasible_placement_counts_as_infinite():
    scores = (
        Score(LEARNED, (1.0,) * 5, (0.1,) * 5, (0.1,) * 5, 0),
        Score("late", (0.5, 2.0, 2.0, 2.0, 2.0), (math.inf, 1.0, 1.0, 1.0, 1.0), (0.1,) * 5, 1),
    )
    row = SourceScores("made", 2, 2, tuple(range(5)), scores).rows()[1]
    assert row["gap_mean"] is row["gap_worst"] is None and row["gap_iqm"] == pytest.approx(1)
    assert (row["wins"], row["losses"]) == (0, 5)


def test_a_migration_policy_takes_its_path_without_a_name(own):
    choice = policy_choice(f"maddpg:{own}:horizon=3")
    assert (choice.settings["path"], choice.settings["horizon"]) == (str(own), 3)
    with pytest.raises(InputError, match="maddpg has no setting 'speed'"):
        policy_choice("maddpg:speed=3")
