"""Train MAPPO of BenchMARL, on TorchRL, on the environment of one agent a station, through PettingZoo.

make peers && .venv-peers/bin/python examples/learners/benchmarl_mappo.py [ITERATIONS]
"""

import sys
from pathlib import Path

import pettingzoo
from benchmarl.algorithms import MappoConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from torchrl.envs import PettingZooWrapper

import twinhop.env  # registers the ids


class Twins(PettingZooClass):
    """A task of BenchMARL: its settings go to `twinhop.env.TwinParallelEnv`."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        def make():
            env = pettingzoo.make("parallel", "twinhop/Migration-v0", **self.config)
            return PettingZooWrapper(env, return_state=True, seed=seed, device=device)

        return make

    def supports_continuous_actions(self):
        return True

    def supports_discrete_actions(self):
        return False

    def has_state(self):
        return True

    def max_steps(self, env):
        return self.config["horizon"]


assert "twinhop/Migration-v0" in twinhop.env.IDS
config = ExperimentConfig.get_from_yaml()
config.max_n_iters = int(sys.argv[1]) if len(sys.argv) > 1 else 5
config.on_policy_collected_frames_per_batch, config.on_policy_n_envs_per_worker = 400, 4
config.on_policy_minibatch_size, config.on_policy_n_minibatch_iters = 100, 10
config.loggers, config.create_json, config.evaluation, config.render = [], False, False, False
config.gamma, config.lr, config.save_folder = 0.7, 1e-3, str(Path("out/benchmarl").absolute())
Path(config.save_folder).mkdir(parents=True, exist_ok=True)
experiment = Experiment(
    task=Twins("TWINS", {"scenario": "family(20, 4)", "horizon": 25}),
    algorithm_config=MappoConfig.get_from_yaml(),
    model_config=MlpConfig.get_from_yaml(),
    critic_model_config=MlpConfig.get_from_yaml(),
    seed=0,
    config=config,
)
experiment.run()
print(f"{experiment.total_frames} slots, mean reward of an episode {experiment.mean_return:.2f}")
