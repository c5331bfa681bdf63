"""Train PPO of RLlib on the environment of one agent a station, all sharing a policy, through PettingZoo.

make peers; .venv-peers/bin/pip install "ray[rllib]"; .venv-peers/bin/python examples/learners/rllib_ppo.py [ITERATIONS]
"""

import sys

import pettingzoo
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

iterations = int(sys.argv[1]) if len(sys.argv) > 1 else 5


def make(settings):
    import twinhop.env  # registers the ids, in RLlib's workers too

    assert "twinhop/Migration-v0" in twinhop.env.IDS
    return ParallelPettingZooEnv(pettingzoo.make("parallel", "twinhop/Migration-v0", **settings))


register_env("twins", make)
config = (
    PPOConfig()
    .environment("twins", env_config={"scenario": "family(20, 4)"})
    .multi_agent(policies={"station"}, policy_mapping_fn=lambda agent, *_, **__: "station")
    .env_runners(num_env_runners=0)
    .training(train_batch_size_per_learner=500, minibatch_size=250, num_epochs=5, lr=1e-3, gamma=0.7)
    .debugging(seed=0, log_level="ERROR")
)
algorithm = config.build_algo()
for _ in range(iterations):
    returns = algorithm.train()["env_runners"]["agent_episode_returns_mean"]
    print({agent: round(float(returns[agent]), 2) for agent in sorted(returns)})
algorithm.stop()
