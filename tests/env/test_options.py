"""Cities by arguments, batches in every autoreset mode, specifications and the options of `reset`."""

import warnings

import numpy as np
import pytest
from cities import city
from recorded_cities import GRAPH, OUTAGES, TRACE, save_city

from twinhop.errors import InputError
from twinhop.scenario import dump_scenario
from twinhop.scenario.city import from_mapping, with_counts

pytest.importorskip("jax")
gymnasium = pytest.importorskip("gymnasium")
pettingzoo = pytest.importorskip("pettingzoo")

from gymnasium.error import ResetNeeded  # noqa: E402
from gymnasium.vector import AutoresetMode, SyncVectorEnv  # noqa: E402
from gymnasium.wrappers.vector import NormalizeObservation  # noqa: E402

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import api_test

import twinhop.env  # noqa: E402

ID = "twinhop/Migration-v0"
MAPPING = {
    "schema_version": 1,
    "name": "told",
    "stations": {"generate": {"count": 4}, "cpu_gcycles_per_s": {"list": [8, 9, 10, 11]}},
    "users": {"generate": {"count": 9}},
}


def sizes(**options):
    rules = twinhop.env.setting("placement", **options).rules
    return rules.users, rules.stations


def test_a_city_is_a_name_a_file_a_mapping_or_a_scenario(tmp_path):
    (tmp_path / "a.yaml").write_text(dump_scenario(city(users=7, stations=3)))
    assert sizes(scenario=tmp_path / "a.yaml") == sizes(scenario=str(tmp_path / "a.yaml")) == (7, 3)
    assert sizes(scenario=MAPPING) == (9, 4)
    assert sizes(scenario=MAPPING | {"users": {"generate": {"count": np.int64(5)}}}) == (5, 4)
    assert sizes(scenario=from_mapping(MAPPING), users=11) == (11, 4)
    assert sizes(scenario="lu2021-n80-m5", users=12, stations=3) == (12, 3)


def test_counts_that_do_not_fit_are_refused_by_name(tmp_path):
    for scenario, counts, message in (
        (from_mapping(MAPPING), {"stations": 5}, "stations.cpu_gcycles_per_s: holds 4 values for 5 stations"),
        (save_city(tmp_path), {"stations": 5}, "city.yaml: stations: got 5, but the scenario lists them"),
        (save_city(tmp_path, movement=TRACE), {"users": 5}, "users: got 5, but its trace has them; give no users"),
    ):
        with pytest.raises(InputError, match=message):
            twinhop.env.setting("placement", scenario, **counts)


def test_counts_leave_the_rest_of_the_scenario(tmp_path):
    scenario = save_city(tmp_path, extra=GRAPH, movement=OUTAGES)
    fewer = with_counts(scenario, 5, None)
    assert fewer.folder == scenario.folder and fewer.backhaul == scenario.backhaul
    assert fewer.model_copy(update={"users": scenario.users}) == scenario


def test_the_specification_has_the_horizon_and_makes_the_same_environment():
    env = gymnasium.make(ID, scenario=city(), horizon=3)
    assert env.spec.max_episode_steps == 3
    again = gymnasium.make(env.spec)
    assert again.spec.max_episode_steps == 3 and int(again.unwrapped.params.horizon) == 3
    again.reset(seed=0)
    assert [again.step(again.action_space.sample())[3] for _ in range(3)] == [False, False, True]
    assert gymnasium.make_vec(ID, num_envs=2, scenario=city(), horizon=3).spec.max_episode_steps == 3
    for options, expected in (({"max_episode_steps": 4}, 4), ({"max_episode_steps": 4, "horizon": 2}, 2)):
        batch = gymnasium.make_vec(ID, num_envs=2, scenario=city(), **options)
        assert int(batch.params.horizon) == batch.spec.max_episode_steps == expected
    with pytest.raises(InputError, match="max_episode_steps: got 0; expected a whole number of slots from 1"):
        gymnasium.make_vec(ID, num_envs=2, scenario=city(), max_episode_steps=0)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_batch_is_reset_as_gymnasiums_own(mode):
    """Step for step as `SyncVectorEnv` does with the same environments."""
    batch = gymnasium.make_vec(ID, num_envs=2, scenario=city(), horizon=3, autoreset_mode=mode)
    own = SyncVectorEnv([lambda: gymnasium.make(ID, scenario=city(), horizon=3)] * 2, autoreset_mode=mode)
    assert batch.metadata["autoreset_mode"] is mode
    rng, over = np.random.default_rng(0), np.zeros(2, bool)
    same(batch.reset(seed=5), own.reset(seed=5))
    for _ in range(8):
        if mode is AutoresetMode.DISABLED and over.any():
            with pytest.raises(ResetNeeded, match=r"episodes 0, 1 are over; call reset\(options="):
                batch.step(batch.action_space.sample())
            same(*(each.reset(options={"reset_mask": over.copy()}) for each in (batch, own)))
        actions = rng.uniform(-1, 1, batch.action_space.shape).astype(np.float32)
        one, other = batch.step(actions), own.step(actions)
        over = one[3]
        same((one[0], one[4]), (other[0], other[4]))
        np.testing.assert_allclose(one[1], other[1], rtol=1e-5)
        assert np.array_equal(one[2], other[2]) and np.array_equal(over, other[3])


def same(one, other):
    """The same observations and infos."""
    for name, array in one[0].items():
        np.testing.assert_allclose(array, other[0][name], rtol=1e-4, atol=1e-6)
    assert set(one[1]) >= set(other[1])
    for name in ("cost", "final_obs"):
        if "_" + name in other[1]:
            assert np.array_equal(one[1]["_" + name], other[1]["_" + name]), name
    if "_cost" in other[1]:
        np.testing.assert_allclose(one[1]["cost"][other[1]["_cost"]], other[1]["cost"][other[1]["_cost"]], rtol=1e-5)


def test_observations_are_normalised_by_gymnasium():
    batch = gymnasium.make_vec(
        ID, num_envs=4, scenario=city(), horizon=3, observation="flat", autoreset_mode="NextStep"
    )
    wrapped = NormalizeObservation(batch)
    wrapped.reset(seed=0)
    for _ in range(7):
        obs, *_ = wrapped.step(batch.action_space.sample())
    assert np.isfinite(obs).all() and abs(float(obs.mean())) < 1
    with pytest.raises(InputError, match="autoreset_mode: got 'later'; accepted: NextStep, SameStep, Disabled"):
        gymnasium.make_vec(ID, num_envs=2, scenario=city(), autoreset_mode="later")


def test_resets_take_the_same_options_everywhere(tmp_path):
    world = save_city(tmp_path, movement=TRACE + ", slots: 9")
    single = gymnasium.make(ID, scenario=world, horizon=4).unwrapped
    parallel = pettingzoo.make("parallel", ID, scenario=world, horizon=4).unwrapped
    batch = gymnasium.make_vec(ID, num_envs=2, scenario=world, horizon=4)
    for env in (single, parallel, batch):
        env.reset(seed=1, options={"start": 3, "level": 5})  # what is unknown is passed over
        state = (env._episodes if env is batch else env._episode).state
        assert np.unique(state.start).tolist() == [3]
        for start in (5, -1, True, "a"):
            with pytest.raises(InputError, match=r"options: start: got .*; expected a slot from 0 to 4"):
                env.reset(options={"start": start})
    starts = set()
    for _ in range(20):
        single.reset()
        starts.add(int(single._episode.state.start))
    assert len(starts) > 1  # the next episodes draw theirs again


def test_pettingzoo_in_turns():
    env = pettingzoo.make("aec", ID, scenario=city(), horizon=3)
    api_test(env, num_cycles=15)
    with pytest.raises(InputError, match="horizn: unknown option; did you mean 'horizon'"):
        twinhop.env.TwinParallelEnv("placement", city(), horizn=3)
