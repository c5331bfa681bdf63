"""The official checks, the same episodes through every adapter, and what is said of bad input."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from cities import city

from twinhop.errors import InputError

pytest.importorskip("jax")
gymnasium = pytest.importorskip("gymnasium")
pettingzoo = pytest.importorskip("pettingzoo")

import jax  # noqa: E402
from gymnasium.error import ResetNeeded  # noqa: E402
from gymnasium.utils.env_checker import check_env  # noqa: E402
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics  # noqa: E402

with warnings.catch_warnings():  # its tests import a game of its own in a way that it calls old
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import parallel_api_test, parallel_seed_test

import twinhop.env  # noqa: E402
from twinhop.env import stepping  # noqa: E402
from twinhop.env.core import Action, episode_key, params_of, step_key  # noqa: E402
from twinhop.env.core import reset as core_reset  # noqa: E402
from twinhop.env.core import step as core_step  # noqa: E402

reset, step = jax.jit(core_reset), jax.jit(core_step)
IDS = list(twinhop.env.IDS)
KINDS = [{"observation": "graph", "actions": "scores"}, {"observation": "flat", "actions": "hosts"}]
SEED, HORIZON, EPISODES = 6, 4, 2


def actions_of(stations, users):
    """The same actions for every adapter."""
    rng = np.random.default_rng(3)
    return rng.uniform(-1, 1, (HORIZON * EPISODES, stations, users + 1)).astype(np.float32)


def single(task_id, scenario=None, **options):
    """Rewards and hosts through the Gymnasium adapter."""
    env = gymnasium.make(task_id, scenario=scenario or city(), horizon=HORIZON, **options)
    env.reset(seed=SEED)
    rewards, hosts = [], []
    for action in actions_of(4, 12):
        _, reward, terminated, truncated, info = env.step(action)
        rewards.append(reward)
        hosts.append(info["host"].tolist())
        assert not terminated and truncated == (len(rewards) % HORIZON == 0)
        if truncated:
            env.reset()
    return rewards, hosts


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
@pytest.mark.parametrize("task_id", IDS)
def test_gymnasium_check(task_id, kind):
    check_env(gymnasium.make(task_id, scenario=city(), render_mode="rgb_array", **kind).unwrapped)


@pytest.mark.parametrize("task_id", IDS)
def test_gymnasium_check_with_the_default_scenario(task_id):
    check_env(gymnasium.make(task_id).unwrapped)


@pytest.mark.parametrize("rewards", ["shared", "own"])
@pytest.mark.parametrize("task_id", IDS)
def test_pettingzoo_checks(task_id, rewards):
    def make():
        return pettingzoo.make("parallel", task_id, scenario=city(), rewards=rewards)

    parallel_api_test(make(), num_cycles=60)
    parallel_seed_test(make, num_cycles=30)


@pytest.mark.parametrize("task_id", IDS)
def test_pettingzoo_checks_with_the_default_scenario(task_id):
    parallel_api_test(pettingzoo.make("parallel", task_id), num_cycles=30)
    parallel_seed_test(lambda: pettingzoo.make("parallel", task_id), num_cycles=3)


@pytest.mark.parametrize("task_id", IDS)
def test_every_adapter_gives_the_same_episodes(task_id):
    task, rewards_hosts = twinhop.env.IDS[task_id], single(task_id)
    params = params_of(city(), task, horizon=HORIZON)
    rewards, actions = [], iter(actions_of(4, 12))
    parallel = twinhop.env.TwinParallelEnv(task, city(), horizon=HORIZON)
    batch = gymnasium.make_vec(task_id, num_envs=3, scenario=city(), horizon=HORIZON)
    batch.reset(seed=SEED - 1)
    for number in range(EPISODES):
        key = episode_key(jax.random.key(SEED), number)
        obs, state = reset(key, params)
        told, _ = parallel.reset(seed=SEED if number == 0 else None)
        for slot in range(HORIZON):
            action = next(actions)
            obs, state, reward, *_, info = step(step_key(key, slot), state, Action(action[:, 0], action[:, 1:]), params)
            rewards.append(float(reward))
            assert info.host.tolist() == rewards_hosts[1][len(rewards) - 1]
            told, shared, *_ = parallel.step(dict(zip(parallel.agents, action, strict=True)))
            assert shared["station_0"] == pytest.approx(rewards[-1], rel=1e-5)
            _, batched, *_, batch_info = batch.step(np.stack([action] * 3))
            assert batched[1] == pytest.approx(rewards[-1], rel=1e-5)
            assert batch_info["host"][1].tolist() == info.host.tolist()
    assert rewards == pytest.approx(rewards_hosts[0], rel=1e-5)
    assert len(set(np.round(rewards, 6))) == len(rewards)  # episodes differ


def test_a_new_process_gives_the_same_bits():
    program = "import json, test_adapters as t; print(json.dumps(t.single(t.IDS[1])))"
    path = [entry for entry in sys.path if entry]
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path[:0] = {path!r} + [{str(__file__.rpartition('/')[0])!r}]\n{program}",
        ],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == list(single(IDS[1]))


def test_a_batch_begins_anew_by_itself_and_delivers_the_last_observation():
    batch = gymnasium.make_vec(IDS[1], num_envs=2, scenario=city(), horizon=3)
    alone = gymnasium.make(IDS[1], scenario=city(), horizon=3)
    batch.reset(seed=0)
    alone.reset(seed=1)
    for action in actions_of(4, 12)[:3]:
        obs, _, _, truncated, info = batch.step(np.stack([action] * 2))
        last, _, _, _, last_info = alone.step(action)
    assert truncated.all() and info["_final_obs"].all()
    first, _ = alone.reset()
    for name in first:
        np.testing.assert_allclose(info["final_obs"][1][name], last[name], rtol=1e-5)
        np.testing.assert_allclose(obs[name][1], first[name], rtol=1e-5)
    assert info["_final_info"].all() and info["final_info"]["cost"][1] == pytest.approx(last_info["cost"], rel=1e-5)


def test_gymnasiums_wrappers_of_batches_take_it():
    batch = gymnasium.make_vec(IDS[0], num_envs=2, scenario=city(), horizon=2)
    wrapped = DictInfoToList(RecordEpisodeStatistics(batch))
    wrapped.reset(seed=0)
    wrapped.step(batch.action_space.sample())
    *_, truncated, infos = wrapped.step(batch.action_space.sample())
    assert truncated.all() and [info["episode"]["l"] for info in infos] == [2, 2]
    assert infos[0]["host"].shape == (12,) and infos[0]["final_info"]["cost"] == infos[0]["cost"]


def test_some_of_a_batch_begin_anew():
    batch = gymnasium.make_vec(IDS[0], num_envs=3, scenario=city(), horizon=3, observation="flat")
    first, _ = batch.reset(seed=0)
    batch.step(batch.action_space.sample())
    obs, _ = batch.reset(seed=[7, 1, 7], options={"reset_mask": np.array([False, True, False])})
    assert np.array_equal(obs[1], first[1]) and not np.array_equal(obs[0], first[0])
    _, _, _, truncated, _ = batch.step(batch.action_space.sample())
    _, _, _, truncated, info = batch.step(batch.action_space.sample())
    assert truncated.tolist() == [True, False, True] and info["final_obs"][1] is None


def test_hosts_as_actions_are_taken_as_they_are():
    env = gymnasium.make(IDS[0], scenario=city(), actions="hosts")
    env.reset(seed=0)
    wanted = np.arange(12) % 4
    assert env.step(wanted)[4]["host"].tolist() == wanted.tolist()
    assert env.unwrapped.action_masks().shape == (48,)


def test_many_environments_in_one_process_do_not_touch_each_other():
    together = [gymnasium.make(IDS[0], scenario=city(), horizon=HORIZON) for _ in range(3)]
    rewards = {at: [] for at in range(3)}
    for at, env in enumerate(together):
        env.reset(seed=SEED + at)
    for action in actions_of(4, 12)[:HORIZON]:
        for at, env in enumerate(together):
            rewards[at].append(env.step(action)[1])
    assert rewards[0] == single(IDS[0])[0][:HORIZON]
    assert rewards[0] != rewards[1]


def test_no_step_compiles_after_the_first():
    env = gymnasium.make(IDS[0], scenario=city(), horizon=HORIZON)
    batch = gymnasium.make_vec(IDS[0], num_envs=2, scenario=city(), horizon=HORIZON)
    env.reset(seed=0)
    batch.reset(seed=0)
    compiled = None
    for at, action in enumerate(actions_of(4, 12)):
        batch.step(np.stack([action] * 2))
        if env.step(action)[3]:
            env.reset()
        compiled_once = (stepping.step, stepping.step_all, stepping.reset, stepping.reset_all)
        sizes = [each._cache_size() for each in compiled_once]
        compiled = sizes if at == 0 else compiled
        assert sizes == compiled


def test_own_rewards_add_up_to_the_shared_one():
    shared, own = (twinhop.env.TwinParallelEnv("placement", city(), rewards=kind) for kind in ("shared", "own"))
    shared.reset(seed=0)
    own.reset(seed=0)
    actions = dict(zip(shared.agents, actions_of(4, 12)[0], strict=True))
    together, apart = shared.step(actions)[1], own.step(actions)[1]
    assert sum(apart.values()) == pytest.approx(together["station_0"], rel=1e-5)
    assert len(set(together.values())) == 1


def test_the_papers_episodes_fade_where_asked():
    paper = city(radio="fading: none")
    kinds = [gymnasium.make(IDS[0], scenario=paper, fading=fading) for fading in (None, "rayleigh")]
    assert [env.unwrapped.params.rules.radio.fading for env in kinds] == ["none", "rayleigh"]
    still, fading = (env.reset(seed=0)[0]["edges"] for env in kinds)
    assert np.array_equal(still[..., 0], fading[..., 0]) and not np.array_equal(still[..., 1], fading[..., 1])


def test_state_is_the_flat_view():
    env = gymnasium.make(IDS[0], scenario=city(), observation="flat")
    parallel = twinhop.env.TwinParallelEnv("placement", city())
    parallel.reset(seed=2)
    assert np.array_equal(parallel.state(), env.reset(seed=2)[0])
    assert parallel.state_space.contains(parallel.state())


def made(**options):
    env = gymnasium.make(IDS[0], scenario=city(), disable_env_checker=True, **options).unwrapped
    env.reset(seed=0)
    return env


BAD_SCORES = [
    (np.zeros((4, 12), np.float32), r"got shape \(4, 12\); expected \(4, 13\)"),
    (np.zeros((4, 13), int), "got int64 values; expected floats from -1 to 1"),
    (np.full((4, 13), np.nan), r"got nan at \(0, 0\); expected numbers from -1 to 1"),
    (np.full((4, 13), 1.5), r"got 1.5 at \(0, 0\)"),
    ("open them all", "expected floats"),
]


@pytest.mark.parametrize(("action", "message"), BAD_SCORES)
def test_bad_scores_are_refused(action, message):
    env = made()
    with pytest.raises(twinhop.env.ActionError, match=message):
        env.step(action)
    env.step(env.action_space.sample())  # nothing was lost by it


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(11, int), r"got shape \(11,\); expected \(12,\): a station for each user"),
        (np.zeros(12), "got float64 values; expected whole numbers"),
        (np.full(12, 4), r"got 4 at \(0,\); expected stations from 0 to 3"),
        (np.full(12, -1), "got -1"),
    ],
)
def test_bad_hosts_are_refused(action, message):
    with pytest.raises(twinhop.env.ActionError, match=message):
        made(actions="hosts").step(action)


def test_agents_must_all_act():
    env = twinhop.env.TwinParallelEnv("placement", city())
    env.reset(seed=0)
    wrong = {name: np.zeros(13, np.float32) for name in env.agents}
    for actions, message in (
        ({}, "agent 'station_0' is missing or unknown"),
        (np.zeros((4, 13)), "got ndarray; expected a dictionary, an action for each agent"),
        (wrong | {"station_2": np.zeros(12, np.float32)}, r"station_2: action: got shape \(12,\); expected \(13,\)"),
        (wrong | {"station_3": np.full(13, np.nan)}, r"station_3: action: got nan at \(0,\)"),
        (wrong | {"station_1": np.full(13, -2.0)}, r"station_1: action: got -2.0 at \(0,\)"),
        (wrong | {"station_1": np.zeros(13, int)}, "station_1: action: got int64 values"),
    ):
        with pytest.raises(twinhop.env.ActionError, match=message):
            env.step(actions)


def test_steps_out_of_turn_are_refused():
    env = gymnasium.make(IDS[0], scenario=city(), horizon=1, disable_env_checker=True).unwrapped
    parallel = twinhop.env.TwinParallelEnv("placement", city(), horizon=1)
    batch = gymnasium.make_vec(IDS[0], num_envs=2, scenario=city())
    for each, action in ((env, env.action_space.sample()), (parallel, {}), (batch, batch.action_space.sample())):
        with pytest.raises(ResetNeeded, match=r"no episode has begun; call reset\(\) before step\(\)"):
            each.step(action)
    with pytest.raises(ResetNeeded, match="no episode has begun"):
        parallel.state()
    env.reset(seed=0)
    env.step(env.action_space.sample())
    with pytest.raises(ResetNeeded, match="the episode is over"):
        env.step(env.action_space.sample())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": "lu2021-n100"}, "no preset has this name; did you mean 'lu2021-n100-m"),
        ({"scenario": "family(0, 10)"}, "users N must be a whole number from 1"),
        ({"scenario": "family(10, 0)"}, "stations M must be a whole number from 1"),
        ({"scenario": "nowhere.yaml"}, "nowhere.yaml: file not found"),
        ({"fading": "rician"}, "fading: got 'rician'; accepted: none, rayleigh, or None"),
        ({"late_s": float("nan")}, "late_s: got nan; expected a number >= 0"),
        ({"observation": "pixels"}, "observation: got 'pixels'; accepted: graph, flat"),
        ({"actions": "moves"}, "actions: got 'moves'; accepted: scores, hosts"),
        ({"redraws": "yes"}, "redraws: got 'yes'; expected True or False"),
        ({"late": 1.0}, "late: unknown option; did you mean 'late_s'"),
        ({"scenario": 3}, "scenario: got int; expected the name of a preset, a path, a mapping or a Scenario"),
        ({"scenario": {"name": "x", "schema_version": 1}}, "scenario: stations: "),
        ({"users": 0}, "users: got 0; expected a whole number >= 1"),
        ({"stations": True}, "stations: got True"),
    ],
)
@pytest.mark.parametrize("make", [gymnasium.make, lambda *a, **k: gymnasium.make_vec(*a, num_envs=2, **k)])
def test_bad_options_are_refused(make, options, message):
    with pytest.raises(InputError, match=message):
        make(IDS[0], **options)


@pytest.mark.parametrize("seed", [-1, 1.5, True, 1 << 64, "a"])
def test_bad_seeds_are_refused_and_change_nothing(seed):
    for make in (
        lambda: gymnasium.make(IDS[0], scenario=city(), observation="flat", disable_env_checker=True).unwrapped,
        lambda: pettingzoo.make("parallel", IDS[0], scenario=city()),
        lambda: gymnasium.make_vec(IDS[0], num_envs=2, scenario=city()),
    ):
        env = make()
        env.reset(seed=np.int64(3))
        with pytest.raises(InputError, match="seed"):
            env.reset(seed=seed)
        assert env._key[1] == 3 if hasattr(env, "_key") else env._keys[:, 1].tolist() == [3, 4]


def test_bad_batches_and_modes_are_refused():
    for options, message in (
        ({"num_envs": 0}, "num_envs: got 0; expected a whole number >= 1"),
        ({"num_envs": 2, "render_mode": "human"}, "a batch is not drawn"),
    ):
        with pytest.raises(InputError, match=message):
            twinhop.env.TwinVectorEnv("placement", scenario=city(), **options)
    with pytest.raises(InputError, match="rewards: got 'team'; accepted: shared, own"):
        twinhop.env.TwinParallelEnv("placement", city(), rewards="team")
    with pytest.raises(InputError, match="render_mode: got 'svg'; accepted: human, rgb_array, ansi, or None"):
        twinhop.env.TwinParallelEnv("placement", city(), render_mode="svg")
    batch = twinhop.env.TwinVectorEnv("placement", 2, city())
    for arguments, message in (
        ({"seed": [1]}, "got 1 seeds; expected 2"),
        ({"options": {"reset_mask": np.array([True, False])}}, "no episode has begun yet"),
        ({"options": {"reset_mask": [True]}}, r"options: reset_mask: got bool of shape \(1,\); expected 2 booleans"),
        ({"options": {"start": 3}}, "options: start: got 3, but nothing of the scenario is recorded"),
    ):
        with pytest.raises(InputError, match=message):
            batch.reset(**arguments)


def test_importing_registers_and_leaves_jax_alone():
    program = (
        "import sys, twinhop.env, gymnasium, pettingzoo; assert 'jax' not in sys.modules\n"
        "for task_id in twinhop.env.IDS: gymnasium.spec(task_id), pettingzoo.spec('parallel', task_id)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
