"""One run of BenchMARL's MADDPG on simple_spread, for `simple_spread.py`, which says the rest.

.venv-peers/bin/python benchmarks/simple_spread_benchmarl.py --run SEED --steps STEPS
"""

import argparse
import tempfile
import warnings

import torch
from benchmarl.algorithms import MaddpgConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Callback, Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs.libs.pettingzoo import PettingZooWrapper
from torchrl.envs.utils import ExplorationType, set_exploration_type

from simple_spread import (
    BATCH,
    BOUT,
    GAMMA,
    HIDDEN,
    JUDGED_EVERY,
    NOISE,
    RATE,
    REPLAY,
    SLOTS,
    TAU,
    UPDATES,
    Log,
    environment,
)


class _Spread(PettingZooClass):
    """BenchMARL's own task looks for `pettingzoo.mpe`, which has become `mpe2`."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        return lambda: PettingZooWrapper(environment(), return_state=True, seed=seed, device=device)


class _Judging(Callback):
    """Judges between bouts of updates."""

    def __init__(self, log):
        super().__init__()
        self.log, self.steps = log, 0

    def policy(self, seen):
        told = TensorDict(
            {"agent": TensorDict({"observation": torch.from_numpy(seen)}, seen.shape[:2])}, seen.shape[:1]
        )
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            return self.experiment.policy(told)["agent", "action"].numpy()

    def on_batch_collected(self, batch):
        if self.steps == 0:
            self.log.add(0, self.policy)
        self.steps += batch.numel()

    def on_train_end(self, training_td, group):
        if self.steps % JUDGED_EVERY == 0:
            self.log.add(self.steps, self.policy)


def configuration(steps):
    """Everything of ours that BenchMARL can be told."""
    given = ExperimentConfig.get_from_yaml()
    given.share_policy_params, given.gamma, given.lr, given.adam_eps = False, GAMMA, RATE, 1e-8
    given.clip_grad_val, given.polyak_tau = None, TAU
    given.exploration_eps_init = given.exploration_eps_end = NOISE
    given.max_n_iters, given.max_n_frames = None, steps
    given.off_policy_collected_frames_per_batch, given.off_policy_n_envs_per_worker = BOUT, 1
    given.off_policy_n_optimizer_steps = UPDATES
    given.off_policy_train_batch_size, given.off_policy_memory_size = BATCH, REPLAY
    given.evaluation, given.render, given.loggers, given.create_json = False, False, [], False
    given.save_folder = tempfile.mkdtemp()
    return given


def learn(seed, steps):
    log = Log("BenchMARL", seed)
    algorithm = MaddpgConfig.get_from_yaml()
    algorithm.share_param_critic = False
    network = MlpConfig(num_cells=list(HIDDEN), layer_class=torch.nn.Linear, activation_class=torch.nn.ReLU)
    experiment = Experiment(
        task=_Spread(name="SIMPLE_SPREAD", config={"max_cycles": SLOTS}),
        algorithm_config=algorithm,
        model_config=network,
        critic_model_config=network,
        seed=seed,
        config=configuration(steps),
        callbacks=[_Judging(log)],
    )
    log.go_on()
    experiment.run()


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=int, metavar="SEED", required=True)
    parser.add_argument("--steps", type=int, required=True)
    given = parser.parse_args()
    learn(given.run, given.steps)
