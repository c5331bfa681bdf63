"""Agents as policies: what they are given, what is made of what they give, and what is refused."""

import copy
import json
import pickle
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("jax")

from cities import city  # noqa: E402
from gymnasium import spaces  # noqa: E402

import twinhop  # noqa: E402
from twinhop.env import AgentPolicy, TwinEnv, TwinParallelEnv, as_policy, problem_of  # noqa: E402
from twinhop.env.agent_run import run_agent  # noqa: E402
from twinhop.env.agent_view import observation_of  # noqa: E402
from twinhop.env.episode_run import EpisodeWorlds  # noqa: E402
from twinhop.errors import InputError  # noqa: E402
from twinhop.failures import PolicyFailed  # noqa: E402
from twinhop.formulation import formulate  # noqa: E402
from twinhop.own_code import OwnCode, is_agent, load_own  # noqa: E402
from twinhop.scenario import build_world  # noqa: E402

SLOTS = 4
STILL = "fading: none"


def close(obs):
    """Each user on the station of least latency."""
    return obs["edges"][:, :, 2].argmin(axis=0)


class Model:
    """Has the signature and the spaces of a model of Stable-Baselines3."""

    def __init__(self, users=12, stations=4, actions="hosts"):
        self.observation_space = spaces.Box(0, 10, (3 * users * stations + users + 3 * stations,), np.float32)
        self.action_space = spaces.MultiDiscrete([stations] * users)
        if actions == "scores":
            self.action_space = spaces.Box(-1, 1, (stations, users + 1), np.float32)
        self.calls = []

    def predict(self, obs, state=None, episode_start=None, deterministic=False):
        assert obs.shape == self.observation_space.shape and deterministic
        self.calls.append((state, bool(episode_start[0])))
        if isinstance(self.action_space, spaces.Box):
            return np.zeros(self.action_space.shape, np.float32), None
        return np.full(len(self.action_space.nvec), 1), (state or 0) + 1


@pytest.fixture(scope="module")
def params():
    return EpisodeWorlds.of(city(), "placement", SLOTS).params


def test_what_is_an_agent():
    assert is_agent(close) and is_agent(Model()) and is_agent({"station_0": close})
    assert not is_agent(lambda problem: 0) and not is_agent("nearest") and not is_agent({})


def test_recurrent_models_get_their_state_back_and_know_when_an_episode_begins(params):
    model = Model()
    policy = as_policy(model)
    assert (policy.view, policy.actions) == ("flat", "hosts")
    for _ in range(2):
        run_agent(policy, params, 3)
    assert model.calls == 2 * [(None, True), (1, False), (2, False), (3, False)]


def test_masks_are_those_of_the_environment():
    masks = []

    class Masked:
        def predict(self, obs, action_masks):
            masks.append(action_masks)
            return close(obs)

    scenario = city(movement="slot_s: 1, failures: {random: {mean_up_s: 2, mean_down_s: 2}}")
    worlds = EpisodeWorlds.of(scenario, "placement", SLOTS)
    run_agent(as_policy(Masked()), worlds.params, 3)
    env = TwinEnv("placement", scenario, actions="hosts", horizon=SLOTS)
    env.reset(seed=3)
    for mask in masks:
        assert np.array_equal(mask, env.action_masks())
        env.step(np.zeros(12, int))
    assert len(masks) == SLOTS and not np.all(masks)


def test_an_episode_is_that_of_the_environment(params):
    run = run_agent(as_policy(close), params, 9)
    env = TwinEnv("placement", city(), actions="hosts", horizon=SLOTS)
    obs, _ = env.reset(seed=9)
    for host, cost in zip(run.host, run.cost, strict=True):
        obs, *_, info = env.step(close(obs))
        assert np.array_equal(info["host"], host) and info["cost"] == cost


def test_agents_of_all_stations_are_those_of_pettingzoo(params):
    def one(obs):
        return np.full(13, 0.5 if obs[3] == 0 else -0.5, np.float32)

    def everybody(obs):
        return {name: one(each) for name, each in obs.items()}

    by_function = run_agent(as_policy(everybody, observation="agents"), params, 5)
    by_mapping = run_agent(as_policy({f"station_{at}": one for at in range(4)}), params, 5)
    env = TwinParallelEnv("placement", city(), horizon=SLOTS)
    obs, _ = env.reset(seed=5)
    for cost in by_function.cost:
        obs, _, _, _, infos = env.step(everybody(obs))
        assert infos["station_0"]["cost"] == cost
    assert np.array_equal(by_function.host, by_mapping.host)


@pytest.mark.parametrize("task", ["placement", "migration"])
@pytest.mark.parametrize("view", ["graph", "flat", "agents"])
def test_what_is_seen_of_a_problem_and_of_a_run_has_the_spaces_of_the_environment(task, view):
    scenario = city(radio="path_loss: tr38901_uma, bandwidth_rule: equal_share")
    if task == "placement":
        seen = observation_of(formulate(build_world(scenario)), None, "agent")
    else:
        situation = next(iter(twinhop.MigrationRun(scenario, slots=1)))
        seen = observation_of(situation, None, "agent")
    shown = seen.shown(view)
    if view == "agents":
        env = TwinParallelEnv(task, scenario)
        assert all(env.observation_space(name).contains(each) for name, each in shown.items())
    else:
        env = TwinEnv(task, scenario, observation=view)
        assert env.observation_space.contains(shown)
        # places and sizes are the scenario's in slot 0: only what is drawn differs
        obs, _ = env.reset(seed=0)
        fixed = (lambda each: each["users"]) if view == "graph" else (lambda each: each[:48])
        assert np.allclose(fixed(obs), fixed(shown), atol=1e-5)


def test_rates_of_all_links_agree_with_those_of_the_access_links():
    from twinhop.formulation import link_rates_bps, radio_state

    world = build_world(city(radio="fading: rayleigh, bandwidth_rule: equal_share, interference: full_reuse"))
    radio = radio_state(world)
    rates = link_rates_bps(world, radio)
    own = rates[np.arange(12), radio.access]
    assert np.array_equal(own, radio.access_rate_bps) and (rates > 0).all()


@pytest.mark.filterwarnings("ignore::twinhop.errors.OutOfReachWarning")
def test_agents_stand_where_policies_are_named():
    scenario = city(radio=STILL)
    comparison = twinhop.compare(scenario, ["nearest", close])
    assert [plan.solution.policy for plan in comparison.plans] == ["nearest", "close"]
    least = comparison.case.problem.comm_s.argmin(axis=1)
    assert np.array_equal(comparison.plans[1].solution.placement.host, least)
    simulation = twinhop.simulate(scenario, ["stay", close], slots=3)
    assert [each.summary.policy for each in (simulation.runs[0][0], simulation.runs[1][0])] == ["stay", "close"]


def test_agents_are_copied_for_every_run_and_sent_to_other_processes():
    model = Model()
    policy = as_policy(model, name="mine")
    other = copy.deepcopy(policy)
    assert other is not policy and other.model is model
    assert pickle.loads(pickle.dumps(policy)).name == "mine"  # noqa: S301  ours


def test_agents_of_other_sizes_are_refused_before_anything_runs(params):
    with pytest.raises(InputError, match="100 users and 10 stations.*city has 12 users and 4 stations"):
        as_policy(Model(100, 10)).require_sizes(params, "city")
    with pytest.raises(InputError, match="actions of shape"):
        model = Model()
        model.observation_space = None
        model.action_space = spaces.MultiDiscrete([4] * 13)
        as_policy(model).require_sizes(params, "city")
    with pytest.raises(InputError, match="is 1 agents, station_9; .*station_0"):
        as_policy({"station_9": close}).require_sizes(params, "city")
    ran = []
    with pytest.raises(InputError, match="was trained for 100 users"):
        twinhop.compare("lu2021-n80-m5", [lambda problem: ran.append(0), Model(100, 10)])
    with pytest.raises(InputError, match="was trained for 100 users"):
        twinhop.simulate(city(radio=STILL), [lambda situation: ran.append(0), Model(100, 10)], slots=2)
    assert not ran


def test_benchmark_and_robustness_refuse_agents_of_other_sizes_before_anything_runs(tmp_path):
    ran = []
    tasks = ["bench-place-n20-m4", "bench-move-n20-m4-waypoint"]
    model = Model(20, 4)
    model.observation_space = None
    with pytest.raises(InputError, match="trained for 12 users.* has 20 users and 4.*leave bench-place-n20-m4 out"):
        twinhop.benchmark([lambda problem: ran.append(0), Model()], tasks=tasks, seeds=1, out=tmp_path / "out")
    larger = [*tasks, "bench-place-n120-m12-graph"]
    with pytest.raises(InputError, match="trained for 20 users and 4 stations.*leave bench-place-n120-m12-graph out"):
        twinhop.benchmark([lambda problem: ran.append(0), model], tasks=larger, seeds=1)
    with pytest.raises(InputError, match="trained for 12 users and 4 stations.*lu2021-n80-m5 has 80 users"):
        twinhop.robustness("lu2021-n80-m5", 0.1, 2, policy=Model())
    assert not ran and not model.calls and not list(tmp_path.glob("out/**/*.json"))


def test_agents_that_another_process_cannot_be_given_are_known():
    assert "lambda" in str(OwnCode(None, as_policy(lambda obs: 0)).unsendable)
    assert OwnCode(None, as_policy(close)).unsendable is None


def test_what_an_agent_cannot_see_is_refused():
    problem = twinhop.PlacementProblem(np.ones((2, 2)), np.ones(2), np.ones(2), [2, 2], np.zeros(2), 1.0, 1.0)
    with pytest.raises(InputError, match="close.*not a problem file"):
        twinhop.compare(problem, ["nearest", close])
    with pytest.raises(InputError, match="radio.fading: rayleigh"):
        twinhop.simulate(city(), ["stay", close], slots=2)


@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda obs: np.zeros(3, int), r"got shape \(3,\); expected \(12,\)"),
        (lambda obs: np.full((4, 13), np.nan), r"got nan at \(0, 0\)"),
        (lambda obs: np.full(12, 4), "got 4 at .*stations from 0 to 3"),
        (lambda obs: None, "got object values"),
        (lambda obs: 1 / 0, "raised ZeroDivisionError"),
    ],
)
def test_bad_actions_name_the_policy_and_the_slot(give, message, params):
    with pytest.raises(PolicyFailed, match=message) as caught:
        run_agent(as_policy(give, name="bad"), params, 1)
    assert (caught.value.failure.policy, caught.value.failure.slot) == ("bad", 0)


def test_files_and_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("def agent(obs):\n    return 0\n\ndef place(problem):\n    return 0\n")
    assert isinstance(load_own("mine.py:agent").value, AgentPolicy)
    assert not isinstance(load_own("mine.py:place").value, AgentPolicy)
    with pytest.raises(InputError, match=r"SB3:gone: no such file: gone"):
        load_own("SB3:gone")
    (tmp_path / "other.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match="no agent that Stable-Baselines3 has saved"):
        load_own("SB3:other.zip")
    with pytest.raises(InputError, match="did you mean 'PPO'"):
        load_own("SB3:PP0:other.zip")


@pytest.mark.parametrize(
    ("module", "facts", "algorithm", "package"),
    [
        ("stable_baselines3.common.policies", {"clip_range": 0.2}, "PPO", "stable-baselines3"),
        ("stable_baselines3.common.policies", {"gae_lambda": 1}, "A2C", "stable-baselines3"),
        ("stable_baselines3.sac.policies", {}, "SAC", "stable-baselines3"),
        ("sb3_contrib.common.maskable.policies", {"clip_range": 0.2}, "MaskablePPO", "sb3-contrib"),
    ],
)
def test_the_algorithm_of_a_saved_agent_is_found_and_its_package_named(module, facts, algorithm, package, tmp_path):
    with zipfile.ZipFile(tmp_path / "agent.zip", "w") as archive:
        archive.writestr("data", json.dumps({"policy_class": {"__module__": module}, **facts}))
    with pytest.raises(InputError, match=f"{algorithm} needs {package}, which is not installed"):
        load_own(f"SB3:{tmp_path / 'agent.zip'}")


def test_a_saved_agent_is_loaded_by_the_package_of_its_algorithm(tmp_path, monkeypatch, params):
    loaded = []

    class MaskablePPO(Model):
        """Has the signatures of that of sb3-contrib."""

        @classmethod
        def load(cls, path, env=None, device="auto", **options):
            loaded.append((path, device))
            return cls()

        def predict(self, observation, state=None, episode_start=None, deterministic=False, action_masks=None):
            assert action_masks.shape == (12 * 4,) and action_masks.all()
            return super().predict(observation, state, episode_start, deterministic)

    monkeypatch.setitem(sys.modules, "sb3_contrib", SimpleNamespace(MaskablePPO=MaskablePPO))
    with zipfile.ZipFile(tmp_path / "masked.zip", "w") as archive:
        facts = {"policy_class": {"__module__": "sb3_contrib.common.maskable.policies"}, "clip_range": 0.2}
        archive.writestr("data", json.dumps(facts))
    for text in (f"SB3:{tmp_path / 'masked'}", f"SB3:MaskablePPO:{tmp_path / 'masked.zip'}"):
        policy = load_own(text).value
        assert policy.name == "masked" and (run_agent(policy, params, 1).host == 1).all()
    assert loaded == 2 * [(str(tmp_path / "masked.zip"), "cpu")]


def test_from_an_observation_to_a_problem_and_back():
    env = TwinEnv("placement", city(), horizon=SLOTS)
    env.reset(seed=2)
    solution = twinhop.solve(env.problem())
    *_, info = env.step(env.action_of(solution.placement.host))
    assert np.array_equal(info["host"], solution.placement.host)
    assert info["cost"] == pytest.approx(solution.cost, rel=1e-5)
    with pytest.raises(InputError, match="expected 12 indices of stations from 0 to 3"):
        env.action_of([0, 1])
    assert problem_of(env.params, env._observed()).users == 12


def test_an_env_says_what_its_agent_sees_and_gives():
    env = TwinEnv("placement", city(), observation="flat", actions="hosts")
    policy = as_policy(lambda obs: np.zeros(12, int), env=env)
    assert (policy.view, policy.actions) == ("flat", "hosts")
    with pytest.raises(InputError, match="accepted: graph, flat, agents"):
        as_policy(close, observation="grid")
    with pytest.raises(InputError, match="expected an agent"):
        as_policy(3)


class Reluctant:
    def __init__(self):
        raise ValueError("no weights here")

    def predict(self, obs):
        return obs


class Demanding:
    def __init__(self, path):
        self.path = path

    def predict(self, obs):
        return obs


class Unmade:
    def predict(self, obs):
        return obs["edges"][:, :, 0].argmin(axis=0)


def test_the_class_of_an_agent_is_made_without_arguments_or_refused_at_once():
    assert isinstance(as_policy(Unmade).model, Unmade) and as_policy(Unmade).name == "Unmade"
    with pytest.raises(InputError, match="Demanding takes 'path', which is not passed; expected a"):
        as_policy(Demanding)
    with pytest.raises(InputError, match="Reluctant.*raised ValueError: no weights here"):
        as_policy(Reluctant)
