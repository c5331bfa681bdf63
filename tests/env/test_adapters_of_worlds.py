"""The official checks and the adapters' promises in worlds with traces, churn, failures, a graph and a cloud."""

import warnings

import numpy as np
import pytest
from recorded_cities import CHURN, CLOUD, GRAPH, OUTAGES, RANDOM, TRACE, save_city

pytest.importorskip("jax")
gymnasium = pytest.importorskip("gymnasium")
pettingzoo = pytest.importorskip("pettingzoo")

from gymnasium.utils.env_checker import check_env  # noqa: E402

with warnings.catch_warnings():  # its tests import a game of its own in a way that it calls old
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import parallel_api_test, parallel_seed_test

import twinhop.env  # noqa: E402

WORLDS = {
    "trace": {"movement": TRACE + ", slots: 9", "capacity": 5},
    "churn-and-failures": {"movement": CHURN + RANDOM},
    "graph-and-cloud": {"extra": GRAPH + f"{CLOUD}, name: b}}", "movement": OUTAGES, "deadlines": "true"},
}
KINDS = [{"observation": "graph", "actions": "scores"}, {"observation": "flat", "actions": "hosts"}]
TASK_IDS = list(twinhop.env.IDS)


@pytest.fixture(params=WORLDS)
def world(request, tmp_path):
    return save_city(tmp_path, **WORLDS[request.param])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: "-".join(kind.values()))
def test_gymnasium_check(world, kind):
    check_env(gymnasium.make(TASK_IDS[1], scenario=world, horizon=5, render_mode="rgb_array", **kind).unwrapped)


@pytest.mark.parametrize("task_id", TASK_IDS)
def test_pettingzoo_checks(world, task_id):
    def make():
        return pettingzoo.make("parallel", task_id, scenario=world, horizon=5, rewards="own")

    parallel_api_test(make(), num_cycles=30)
    parallel_seed_test(make, num_cycles=12)


def test_a_batch_and_a_single_environment_have_the_same_episodes(world):
    single = gymnasium.make(TASK_IDS[1], scenario=world, horizon=5)
    batch = gymnasium.make_vec(TASK_IDS[1], num_envs=3, scenario=world, horizon=5)
    _, info = single.reset(seed=4)
    _, batch_info = batch.reset(seed=2)
    rng = np.random.default_rng(0)
    for _ in range(5):
        assert np.array_equal(batch_info["action_mask"][2], info["action_mask"])
        action = rng.uniform(-1, 1, single.action_space.shape).astype(np.float32)
        obs, reward, _, over, info = single.step(action)
        batched, rewards, _, _, batch_info = batch.step(np.stack([action] * 3))
        if not over:
            assert rewards[2] == pytest.approx(reward, rel=1e-5)
            np.testing.assert_allclose(batched["edges"][2], obs["edges"], rtol=1e-4, atol=1e-6)
    assert over


def test_the_mask_is_that_of_the_stations_that_work(tmp_path):
    world = save_city(tmp_path, **WORLDS["graph-and-cloud"])
    env = gymnasium.make(TASK_IDS[0], scenario=world, horizon=5, start="first")
    _, info = env.reset(seed=0)
    masks = [info["action_mask"].tolist()] + [
        env.step(env.action_space.sample())[4]["action_mask"].tolist() for _ in range(4)
    ]
    down = [(), (1,), (1, 4), (1, 4), (4,)]
    assert masks == [[at not in gone for at in range(7)] for gone in down]
    parallel = twinhop.env.TwinParallelEnv("placement", world, horizon=5, start="first")
    _, infos = parallel.reset(seed=0)
    assert parallel.agents[-1] == "cloud" and infos["cloud"]["may_host"]
    _, _, _, _, infos = parallel.step({name: parallel.action_space(name).sample() for name in parallel.agents})
    assert [name for name in infos if not infos[name]["may_host"]] == ["station_1"]


def test_a_cloud_hosts_twins(tmp_path):
    env = gymnasium.make(TASK_IDS[1], scenario=save_city(tmp_path, **WORLDS["graph-and-cloud"]), actions="hosts")
    env.reset(seed=0)
    obs, reward, _, _, info = env.step(np.full(30, 6))
    assert info["opened"] == 1 and info["opening"] == 0 and (info["host"] == 6).all() and np.isfinite(reward)
    assert obs["edges"][6, :, 4].all() and (obs["edges"][6, :, 0] == 10).all()
