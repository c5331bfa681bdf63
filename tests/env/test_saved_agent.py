"""An agent that Stable-Baselines3 or sb3-contrib has saved, by its name in every command; in the peers' Python."""

import json
import subprocess
from pathlib import Path

import pytest

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"
TRAIN = """
import gymnasium
from sb3_contrib import MaskablePPO
from stable_baselines3 import PPO

import twinhop.env

CITY = {"users": 20, "stations": 4, "observation": "flat", "horizon": 10}
for task, actions in (("Placement", "hosts"), ("Migration", "scores")):
    env = gymnasium.make(f"twinhop/{task}-v0", actions=actions, **CITY)
    agent = PPO("MlpPolicy", env, n_steps=64, batch_size=64, seed=0, device="cpu")
    agent.learn(128)
    agent.save(task.lower())
masked = MaskablePPO(
    "MlpPolicy", gymnasium.make("twinhop/Placement-v0", actions="hosts", **CITY), n_steps=64, seed=0, device="cpu"
)
masked.learn(64)
masked.save("masked")
larger = gymnasium.make("twinhop/Placement-v0", users=30, stations=4, observation="flat", actions="hosts")
PPO("MlpPolicy", larger, n_steps=64, device="cpu").save("larger")
"""
CITY = ("--users", "20", "--stations", "4", "--horizon", "4", "--episodes", "3")
PLACEMENT, MIGRATION, TASKS = "family(20, 4)", "twinhop/Migration-v0", "bench-place-n20-m4,bench-move-n20-m4-waypoint"


def peers(folder, *arguments):
    return subprocess.run([str(PEERS), *arguments], cwd=folder, capture_output=True, text=True, timeout=540)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("agents")
    if not PEERS.exists() or peers(folder, "-c", "import sb3_contrib").returncode:
        pytest.skip("the peers' Python with sb3-contrib is not there; make peers")
    run = peers(folder, "-c", TRAIN)
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "agents", "others"),
    [
        (("evaluate", "twinhop/Placement-v0", *CITY), "SB3:placement.zip", "nearest,lagrangian"),
        (("evaluate", MIGRATION, *CITY, "--time-limit", "20"), "SB3:PPO:migration.zip", "stay"),
        (("evaluate", "twinhop/Placement-v0", *CITY), "SB3:masked.zip", "nearest,lagrangian"),
        (("compare", PLACEMENT, "--time-limit", "20"), "SB3:PPO:placement", "nearest"),
        (("simulate", PLACEMENT, "--slots", "4", "--animate", "none"), "SB3:migration.zip", "stay"),
        (("benchmark", "--tasks", TASKS, "--seeds", "1", "--jobs", "2"), "SB3:placement.zip", "nearest,stay"),
    ],
    ids=["evaluate placement", "evaluate migration", "evaluate masked", "compare", "simulate", "benchmark"],
)
def test_a_saved_agent_is_a_row(folder, words, agents, others):
    run = peers(folder, "-m", "twinhop", *words, "--policies", f"{agents},{others}", "--json")
    assert run.returncode == 0, run.stderr[-3000:]
    answer = json.loads(run.stdout)
    (name,) = (each for each in ("migration", "masked", "placement") if each in agents)
    boards = answer["leaderboard"].values() if "leaderboard" in answer else [answer["policies"]]
    for rows in boards:
        assert [row["policy"] for row in rows].count(name) == 1
    assert not answer["failures"]
    if words[0] == "evaluate":
        costs = answer["costs"]
        assert costs[name] != costs[others.split(",")[0]]
        assert all(cost >= bound > 0 for cost, bound in zip(costs[name], answer["bounds"], strict=True))


@pytest.mark.slow
def test_a_saved_agent_of_other_sizes_is_refused(folder):
    run = peers(folder, "-m", "twinhop", "compare", PLACEMENT, "--policies", "nearest,SB3:larger")
    assert run.returncode == 2 and not run.stdout
    assert "policy: larger: was trained for 30 users and 4 stations" in run.stderr and "has 20 users" in run.stderr
