"""Episodes as runs and problems: the costs of the environment are those of the simulator, whatever the world has."""

import numpy as np
import pytest

pytest.importorskip("jax")

from cities import FULL_RADIO, city  # noqa: E402
from recorded_cities import CLOUD, CPUS, GRAPH, OUTAGES, TRACE, save_city  # noqa: E402

from twinhop.env import TwinEnv  # noqa: E402
from twinhop.env.episode_run import EpisodeWorlds  # noqa: E402
from twinhop.migration.offline.solve import offline_bound  # noqa: E402
from twinhop.migration.policy import policy_choice  # noqa: E402
from twinhop.migration.run_problem import run_problem  # noqa: E402
from twinhop.migration.simulate import outcomes  # noqa: E402
from twinhop.placement import evaluate, solve  # noqa: E402

SLOTS = 6
WORLDS = {
    "plain": ({}, {}),
    "radio": ({"radio": FULL_RADIO}, {}),
    "deadlines": ({"deadlines": "true", "capacity": 5}, {}),
    "churn": ({"movement": "slot_s: 1, churn: {mean_present_s: 5, mean_absent_s: 2}"}, {}),
    "failures": ({"movement": "slot_s: 1, failures: {random: {mean_up_s: 6, mean_down_s: 2}}"}, {}),
    "redraws": ({}, {"redraws": True}),
    "cpu": ({"movement": "slot_s: 1, cpu: {kind: ar1}"}, {}),
}
HOSTED = CLOUD + ", latency_ms: 8}"
RECORDED = {
    "everything": {
        "movement": TRACE + CPUS,
        "extra": CLOUD + ", latency_ms: 8}",
        "deadlines": "true",
        "aggregation": "sum",
    },
    "outages": {"movement": OUTAGES, "extra": GRAPH, "aggregation": "sum"},
}


@pytest.fixture(params=[*WORLDS, *RECORDED], name="world")
def _world(request, tmp_path):
    if request.param in RECORDED:
        return save_city(tmp_path, **RECORDED[request.param]), {}
    fields, options = WORLDS[request.param]
    return city(**fields), options


def test_runs_cost_what_the_environment_reports(world):
    scenario, options = world
    env = TwinEnv("migration", scenario, actions="hosts", horizon=SLOTS, **options)
    run = EpisodeWorlds.of(scenario, "migration", SLOTS, **options).episode(7).run()
    results = list(outcomes(run, policy_choice("follow_nearest")))
    env.reset(seed=7)
    host = np.zeros(env.params.rules.users, int)
    for each in results:
        host[each.situation.users] = each.host
        *_, info = env.step(host)
        assert each.cost.total == pytest.approx(info["cost"], rel=2e-6)
        assert each.cost.moves == pytest.approx(info["moves"], rel=1e-5, abs=1e-9)
        assert float(each.violation.sum()) == pytest.approx(info["late"] * max(len(each.host), 1), abs=0.01)
    problem = run_problem(run)
    assert problem.slots == SLOTS
    if problem.floor is None:
        assert offline_bound(problem) <= np.mean([each.cost.total for each in results]) * (1 + 1e-9)


def test_slots_cost_what_the_environment_reports(world):
    scenario, options = world
    env = TwinEnv("placement", scenario, horizon=SLOTS, **options)
    episode = EpisodeWorlds.of(scenario, "placement", SLOTS, **options).episode(3)
    env.reset(seed=3)
    for slot in range(SLOTS):
        if not episode.life.served[slot].any():
            *_, info = env.step(env.action_space.low)
            continue
        shown = env.problem()
        assert np.allclose(shown.comm_s, episode.problem(slot).comm_s)
        solution = solve(shown, "greedy")
        priced = evaluate(episode.problem(slot, deadlines=True), solution.placement)
        *_, info = env.step(env.action_of(solution.placement.host))
        assert priced.cost == pytest.approx(info["cost"], rel=2e-6)


def test_the_world_of_a_seed_is_that_of_the_environment():
    worlds = EpisodeWorlds.of(city(), "placement", SLOTS)
    env = TwinEnv("placement", city(), horizon=SLOTS)
    for seed in (3, 4):
        env.reset(seed=seed)
        assert np.array_equal(env.problem().comm_s, worlds.episode(seed).problem(0).comm_s)
    assert not np.array_equal(worlds.episode(3).problem(0).comm_s, worlds.episode(4).problem(0).comm_s)


def test_policies_of_a_run_know_nothing_before_it():
    run = EpisodeWorlds.of(city(), "migration", SLOTS).episode(1).run()
    assert run.past_access().shape == (0, 12) and len(list(run)) == SLOTS
