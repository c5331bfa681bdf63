"""The whole road: an agent is trained in the environment, evaluated beside policies and the bound, and printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("jax")

#: A linear policy of the graph, trained by an evolution strategy (Salimans et al., 2017) against the reward.
TRAIN = '''
import sys

import gymnasium
import numpy as np

import twinhop.env


def hosts(obs, weights):
    """Scores of links: a linear mixture of the features of stations and edges."""
    stations = obs["stations"] @ weights[:6]
    return (stations[:, None] + obs["edges"] @ weights[6:]).argmax(axis=0)


def train(rounds):
    env = gymnasium.make("twinhop/Placement-v0", scenario="family(20, 4)", actions="hosts", horizon=4)
    rng, weights = np.random.default_rng(0), np.zeros(11)
    weights[6] = -1.0

    def reward(candidate, seed):
        obs, _ = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            obs, gained, _, over, _ = env.step(hosts(obs, candidate))
            total += gained
        return total

    first = np.mean([reward(weights, seed) for seed in range(5)])
    for at in range(rounds):
        noise = rng.standard_normal((8, 11))
        pairs = [(reward(weights + 0.3 * each, at), reward(weights - 0.3 * each, at)) for each in noise]
        order = np.array([a - b for a, b in pairs])
        weights = weights + 0.3 * (noise * (order / (np.abs(order).max() + 1e-9))[:, None]).mean(axis=0)
    print(first, np.mean([reward(weights, seed) for seed in range(5)]))
    np.save("weights.npy", weights)


if __name__ == "__main__":
    train(int(sys.argv[1]))
'''
AGENT = """
import numpy as np
from train import hosts

weights = np.load("weights.npy")


def agent(obs):
    return hosts(obs, weights)
"""
POLICIES = "mine.py:agent,nearest,greedy,local_search,maddpg,lagrangian"


def command(folder, *arguments):
    run = subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=540)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout


def test_from_training_to_a_figure_and_a_table_in_two_commands(tmp_path: Path):
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "mine.py").write_text(AGENT)
    first, last = (float(word) for word in command(tmp_path, "train.py", "6").split())
    assert last >= first
    evaluate = ("-m", "twinhop", "evaluate", "family(20, 4)", "--policies", POLICIES, "--episodes", "5")
    figure = ("--horizon", "4", "--out", "out", "--figure-format", "pdf", "--figure-style", "paper")
    shown = command(tmp_path, *evaluate, *figure)
    assert "certified bound" in shown and "agent" in shown
    out = tmp_path / "out"
    assert (out / "episodes.pdf").read_bytes().startswith(b"%PDF-")
    assert r"\toprule" in (out / "episodes.tex").read_text() and "agent" in (out / "episodes.tex").read_text()
    facts = json.loads((out / "episodes.json").read_text())
    assert len(facts["lower_bounds"]) == 5 and facts["failures"] == []
    for costs in facts["costs"].values():
        assert all(cost >= bound > 0 for cost, bound in zip(costs, facts["lower_bounds"], strict=True))
