"""Agents, policies and the bound on the same episodes."""

import json
import math

import numpy as np
import pytest

pytest.importorskip("jax")

import twinhop  # noqa: E402
from twinhop.env import TwinEnv  # noqa: E402
from twinhop.errors import InputError  # noqa: E402
from twinhop.failures import PolicyFailed  # noqa: E402

CITY = {"source": "family(12, 4)", "horizon": 5, "episodes": 5}


def close(obs):
    """Each user on the station of least latency."""
    return obs["edges"][:, :, 2].argmin(axis=0)


class Keeps:
    """Leaves twins where they are."""

    def predict(self, obs, deterministic=True):
        here = obs["edges"][:, :, 4]
        return (here.argmax(axis=0) if here.any() else close(obs)), None


def fails(obs):
    """Gives no numbers."""
    return np.full((4, 13), np.nan)


@pytest.fixture(scope="module")
def placement():
    return twinhop.evaluate_policies(policies=[close, Keeps(), "nearest", "greedy", "lagrangian", fails], **CITY)


@pytest.fixture(scope="module")
def migration():
    policies = [close, Keeps(), "stay", "utility", "expected", "lookahead"]
    return twinhop.evaluate_policies(policies=policies, task="migration", **CITY)


@pytest.mark.parametrize("task", ["placement", "migration"])
def test_no_cost_is_below_the_bound_of_its_episode(task, request):
    evaluation = request.getfixturevalue(task)
    for policy in evaluation.policies:
        for score, bound in zip(policy.episodes, evaluation.bounds, strict=True):
            assert score is None or score.cost >= bound > 0
        assert min(evaluation.gaps(policy)) >= 0
    assert evaluation.rows()[-1]["policy"] == "certified bound"


def test_the_bound_is_tight(placement, migration):
    rows = {row["policy"]: row for row in placement.rows()}
    assert rows["lagrangian"]["gap_percent_max"] < 1 < rows["nearest"]["gap_iqm_percent"]
    assert min(row["gap_iqm_percent"] for row in migration.rows()[:-1]) < 2


@pytest.mark.parametrize(("task", "agent"), [("placement", 0), ("migration", 1)])
def test_costs_are_those_that_the_environment_reports(task, agent, request):
    evaluation = request.getfixturevalue(task)
    env = TwinEnv(task, CITY["source"], actions="hosts", horizon=CITY["horizon"])
    for seed, score in zip(evaluation.seeds, evaluation.policies[agent].episodes, strict=True):
        obs, _ = env.reset(seed=seed)
        costs, over = [], False
        while not over:
            action = close(obs) if agent == 0 else Keeps().predict(obs)[0]
            obs, _, _, over, info = env.step(action)
            costs.append(info["cost"])
        assert score.cost == pytest.approx(np.mean(costs), rel=1e-5)


def test_the_same_policy_costs_the_same_as_an_agent_and_as_a_policy(migration):
    """The same worlds for all: a migration policy and an agent of the same rule."""

    def closest(situation):
        return situation.comm_s.argmin(axis=1)

    again = twinhop.evaluate_policies(policies=[closest, close], task="migration", **CITY)
    by_policy, by_agent = again.policies
    assert [each.cost for each in by_policy.episodes] == pytest.approx(
        [each.cost for each in by_agent.episodes], rel=1e-6
    )
    assert [each.cost for each in by_agent.episodes] == [each.cost for each in migration.policies[0].episodes]
    assert again.bounds == migration.bounds


def test_who_fails_is_named_with_world_and_slot_and_the_others_are_kept(placement):
    assert placement.policies[-1].episodes == (None,) * 5 and placement.rows()[-2]["failures"] == 5
    first = placement.failures[0]
    assert (first.policy, first.seed, first.slot) == ("fails", 1000, 0)
    assert first.in_words().startswith("fails, on family-n12-m4 (seed 1000, slot 0), action: got nan")
    assert math.isinf(max(placement.gaps(placement.policies[-1])))
    with pytest.raises(PolicyFailed, match="fails, on family-n12-m4"):
        twinhop.evaluate_policies(policies=[fails], **CITY | {"episodes": 1})


def test_an_environment_of_gymnasium_is_a_source(migration):
    env = TwinEnv("migration", CITY["source"], horizon=5)
    other = twinhop.evaluate_policies(env, ["stay"], episodes=2)
    assert other.task == "migration" and other.bounds == pytest.approx(migration.bounds[:2], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policies": "stay"}, "stay is a policy of migration"),
        ({"policies": "nearest", "task": "migration"}, "nearest is a policy of placement"),
        ({"policies": [lambda problem: 0], "task": "migration"}, "takes a problem"),
        ({"policies": ["nearest", "nearest"]}, "nearest given more than once"),
        ({"policies": []}, "none given"),
        ({"policies": "nearest", "episodes": 0}, "whole number from 1"),
        ({"policies": "nearest", "hoizon": 3}, "did you mean 'horizon'"),
        ({"policies": "nearest", "task": "both"}, "accepted: placement, migration"),
        ({"source": "twinhop/Migration-v0", "task": "placement"}, "is one of migration"),
        ({"policies": "nearest", "scenario": "city-small"}, "is an option of an id"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        twinhop.evaluate_policies(**CITY | arguments)


def test_results_are_written_and_drawn(migration, tmp_path):
    files = migration.save(tmp_path / "out", figures=("pdf", "png"), style="paper")
    names = sorted(path.name for path in files)
    assert names == [f"episodes.{suffix}" for suffix in ("csv", "json", "md", "pdf", "png", "tex")]
    facts = json.loads((tmp_path / "out" / "episodes.json").read_text())
    assert facts["seeds"] == [1000, 1001, 1002, 1003, 1004] and len(facts["costs"]["stay"]) == 5
    assert "certified bound" in (tmp_path / "out" / "episodes.tex").read_text()
    assert "| Keeps |" in migration.report()
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert migration.plot(ax=axes) is axes
