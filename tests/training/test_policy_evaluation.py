"""Agents, policies and the bound on the same episodes."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("jax")

from cities import city  # noqa: E402

import twinhop  # noqa: E402
from twinhop.env import TwinEnv  # noqa: E402
from twinhop.errors import InputError  # noqa: E402
from twinhop.failures import PolicyFailed  # noqa: E402
from twinhop.placement import solve  # noqa: E402
from twinhop.training.policy_episodes import EpisodeScore  # noqa: E402
from twinhop.training.policy_evaluation import PolicyEvaluation, PolicyScores  # noqa: E402

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
    assert rows["lagrangian"]["gap_worst"] < 0.01 < rows["nearest"]["gap_iqm"]
    assert min(row["gap_iqm"] for row in migration.rows()[:-1]) < 0.02


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
    assert placement.policies[-1].episodes == (None,) * 5 and placement.rows()[-2]["failed"] == 5
    first = placement.failures[0]
    assert (first.policy, first.seed, first.slot) == ("fails", 1000, 0)
    assert first.in_words().startswith("fails, on family-n12-m4 (seed 1000, slot 0), action: got nan")
    assert math.isinf(max(placement.gaps(placement.policies[-1])))
    with pytest.raises(PolicyFailed, match="fails, on family-n12-m4"):
        twinhop.evaluate_policies(policies=[fails], **CITY | {"episodes": 1})


OUTAGES = "slot_s: 1, failures: {random: {mean_up_s: 2, mean_down_s: 1}}"


@pytest.mark.parametrize(
    ("scenario", "message"),
    [
        (city(capacity=4).model_copy(update={"name": "full"}), "puts 12 twins on b0; expected at most 4, its seats"),
        (city(movement=OUTAGES), "puts #0 on b0, which may host nothing"),
    ],
    ids=["full", "closed"],
)
def test_full_and_closed_stations(scenario, message):
    """The environment mends what an agent asks for and counts it; a policy that places there fails."""

    def crowd(obs):
        return np.zeros(12, int)

    def pile(problem):
        return np.zeros(12, int)

    evaluation = twinhop.evaluate_policies(scenario, [crowd, pile, "greedy"], episodes=2, horizon=6)
    by_agent, by_policy, others = evaluation.policies
    assert None not in by_agent.episodes and None not in others.episodes
    assert all((score.repaired > 0) == ("full" in scenario.name) for score in by_agent.episodes)
    assert by_policy.episodes == (None, None)
    assert all(failure.policy == "pile" and failure.slot is not None for failure in evaluation.failures)
    assert evaluation.failures[0].message.startswith(message)
    assert min(evaluation.gaps(by_agent)) >= 0


def test_an_environment_of_gymnasium_is_a_source(migration):
    env = TwinEnv("migration", CITY["source"], horizon=5)
    other = twinhop.evaluate_policies(env, ["stay"], episodes=2)
    assert other.task == "migration" and other.bounds == pytest.approx(migration.bounds[:2], rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"policies": "stay"}, "stay is a policy of migration"),
        ({"policies": "nearest", "task": "migration"}, "nearest is a policy of placement"),
        ({"policies": [lambda problem: 0], "task": "migration"}, "takes a PlacementProblem"),
        ({"policies": ["nearest", "nearest"]}, "nearest given more than once"),
        ({"policies": []}, "none given"),
        ({"policies": "nearest", "episodes": 0}, "whole number from 1"),
        ({"policies": "nearest", "hoizon": 3}, "did you mean 'horizon'"),
        ({"policies": "nearest", "task": "both"}, "accepted: placement, migration"),
        ({"source": "twinhop/Migration-v0", "task": "placement"}, "is one of migration"),
        ({"policies": "nearest", "scenario": "city-small"}, "is an option of an id"),
        ({"policies": "nearest", "time_limit_s": -1}, "time_limit"),
        ({"policies": "nearest", "fading": "some"}, "accepted: none, rayleigh"),
        ({"policies": "nearest", "start": "last"}, "accepted: random, first"),
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
    assert facts["root_seeds"] == [1000, 1001, 1002, 1003, 1004] and len(facts["costs"]["stay"]) == 5
    assert "certified bound" in (tmp_path / "out" / "episodes.tex").read_text()
    assert "| Keeps |" in migration.report()
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    assert migration.plot(ax=axes) is axes


def test_a_policy_that_fills_a_station_beyond_its_seats_fails_and_the_bound_stays():
    """Such plans may cost less than any that fits."""

    def crowded(problem):
        free = replace(problem, capacity=np.where(problem.capacity > 0, problem.users, 0))
        return solve(free, "greedy").placement.host

    arguments = {"source": "family(12, 4, capacity=3)", "horizon": 2, "episodes": 2}
    evaluation = twinhop.evaluate_policies(policies=[crowded, "lagrangian"], **arguments)
    assert evaluation.policies[0].episodes == (None, None) and evaluation.gaps(evaluation.policies[1])[0] < 0.01
    words = evaluation.failures[0].in_words()
    assert words.startswith("crowded, on family-n12-m4-k3 (seed 1000, slot 0), puts ")
    assert words.endswith("; expected at most 3, its seats")


def test_late_are_those_too_whom_no_station_serves_in_time():
    """As in the environment."""
    late_city = city(users=10, deadlines="true", radio="fading: none, bandwidth_mhz: 0.5")
    evaluation = twinhop.evaluate_policies(late_city, [close], episodes=1, horizon=2)
    env = TwinEnv("placement", late_city, actions="hosts", horizon=2)
    obs, _ = env.reset(seed=1000)
    late = []
    for _ in range(2):
        obs, *_, info = env.step(close(obs))
        late.append(info["late"])
    assert evaluation.policies[0].episodes[0].late == pytest.approx(np.mean(late)) and np.mean(late) > 0


def ragged(obs):
    """An action and a state, as only `predict` may give them."""
    return close(obs), None


def test_an_action_that_is_no_array_is_a_failure_of_its_agent():
    evaluation = twinhop.evaluate_policies(policies=[ragged, "nearest"], **CITY | {"episodes": 1, "horizon": 1})
    assert evaluation.failures[0].in_words() == (
        "ragged, on family-n12-m4 (seed 1000, slot 0), action: got tuple, which is no array; expected one"
    )
    assert evaluation.policies[1].episodes[0] is not None


def test_a_twin_that_never_answers_leaves_valid_json():
    """Deadlines of others may leave a twin no CPU: its cost is infinite."""
    never = EpisodeScore(math.inf, 0.0, 0.0, 0, 0.01)
    scores = (PolicyScores("nearest", False, (never,) * 5),)
    evaluation = PolicyEvaluation("city", "placement", 2, 2, 1, tuple(range(5)), (1.0,) * 5, scores)
    plain = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert plain["costs"] == {"nearest": [None] * 5} and plain["policies"][0]["cost"] is None
