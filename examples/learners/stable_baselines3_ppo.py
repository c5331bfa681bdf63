"""Train PPO of Stable-Baselines3 on the environment of one central agent, a minute by default.

make peers && .venv-peers/bin/python examples/learners/stable_baselines3_ppo.py [SECONDS]
"""

import sys
import time

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

import twinhop.env  # registers the ids

assert "twinhop/Migration-v0" in twinhop.env.IDS
seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
city = {"scenario": "family(20, 4)", "observation": "flat"}
training = make_vec_env("twinhop/Migration-v0", n_envs=4, seed=0, env_kwargs=city)
evaluation = make_vec_env("twinhop/Migration-v0", n_envs=1, env_kwargs=city)


def cost_of_an_episode() -> float:
    """Minus the reward of 25 slots, mean over the same 20 episodes each time [s]."""
    evaluation.seed(1000)
    return -float(evaluate_policy(agent, evaluation, n_eval_episodes=20)[0])


agent = PPO("MlpPolicy", training, n_steps=256, batch_size=256, learning_rate=1e-3, gamma=0.7, seed=0, device="cpu")
untrained, end = cost_of_an_episode(), time.monotonic() + seconds
agent.learn(10_000_000, callback=lambda *_: time.monotonic() < end)
trained = cost_of_an_episode()
print(f"{agent.num_timesteps} steps; cost of an episode {untrained:.2f} s untrained, {trained:.2f} s trained")
