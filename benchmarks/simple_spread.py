"""MADDPG on mpe2's simple_spread: ours beside BenchMARL's, same environment, steps, sizes and constants.

    python benchmarks/simple_spread.py [--seeds 5] [--steps 12000] [--peer .venv-peers/bin/python] [--figure FILE]

Every run is a process of its own with one thread, ours and theirs in turn; a run that has its file in `--out` is not
made again. Both are judged by the same loop: the policy without noise on the same 40 episodes, which are in no
training. At the end come, by steps, the means over seeds with their 95 % bootstrap intervals (from five seeds on);
`--figure` draws them. `--peer ''` leaves BenchMARL out. `make peers` builds the peers' Python.

What is the same: 3 agents, 25 slots, continuous actions, two hidden layers of 64 with ReLU, an own actor for each agent
on what it sees, an own critic for each agent on what all see and do, Adam at 1e-3 without clipping, gamma 0.95, tau
0.01, batch 64, constant Gaussian noise of 0.2 in the unit box, 25 updates after every 100 steps. What is not: BenchMARL
moves each actor by the critics of all agents at once, ours by the agent's own, as MADDPG is published; first weights.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from twinhop.stats import mean_interval

AGENTS, SLOTS, HIDDEN = 3, 25, (64, 64)
BATCH, GAMMA, RATE, TAU, REPLAY = 64, 0.95, 1e-3, 0.01, 100_000
#: Of actions from 0 to 1.
NOISE = 0.2
BOUT, UPDATES = 100, 25
JUDGED_EVERY, JUDGED_EPISODES, JUDGED_SEED = 1000, 40, 1_000_000
LEARNERS = {"twinhop": "simple_spread.py", "BenchMARL": "simple_spread_benchmarl.py"}
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
    "SDL_VIDEODRIVER": "dummy",
    "PYGAME_HIDE_SUPPORT_PROMPT": "1",
}


def environment():
    """Three agents that are to cover three landmarks."""
    from mpe2 import simple_spread_v3

    return simple_spread_v3.parallel_env(N=AGENTS, max_cycles=SLOTS, continuous_actions=True)


class Log:
    """Judgements of one run, a line each; judging counts into no time."""

    def __init__(self, learner, seed):
        self.run = {"learner": learner, "seed": seed}
        self.worlds = [environment() for _ in range(JUDGED_EPISODES)]
        self.wall_s = self.cpu_s = 0.0
        self.go_on()

    def go_on(self):
        """Learning goes on."""
        self.began = time.perf_counter(), time.process_time()

    def add(self, steps, policy):
        """Judge what has been learned by now."""
        self.wall_s += time.perf_counter() - self.began[0]
        self.cpu_s += time.process_time() - self.began[1]
        line = {"steps": steps, "return": round(float(returns(self.worlds, policy).mean()), 3)}
        line |= {"learning_s": round(self.wall_s, 1), "learning_cpu_s": round(self.cpu_s, 1)}
        print(json.dumps(self.run | line), flush=True)
        self.go_on()


def returns(worlds, policy):
    """(episodes,) the mean return of an agent, under a function of (episodes, M, O) to actions in the unit box."""
    seen = [world.reset(seed=JUDGED_SEED + at)[0] for at, world in enumerate(worlds)]
    total, names = np.zeros(len(worlds)), worlds[0].possible_agents
    for _ in range(SLOTS):
        chosen = policy(np.array([[each[name] for name in names] for each in seen], np.float32))
        for at, world in enumerate(worlds):
            seen[at], reward, *_ = world.step(dict(zip(names, chosen[at], strict=True)))
            total[at] += np.mean(list(reward.values()))
    return total


def learn(seed, steps):
    """Make one run of ours."""
    from parallel_maddpg import ParallelConfig, train_parallel

    config = ParallelConfig(
        hidden=HIDDEN,
        batch=BATCH,
        gamma=GAMMA,
        actor_rate=RATE,
        critic_rate=RATE,
        tau=TAU,
        noise=2 * NOISE,
        replay=REPLAY,
        bout=BOUT,
        updates=UPDATES,
    )
    log = Log("twinhop", seed)

    def watch(done, policy):
        if done % JUDGED_EVERY == 0:
            log.add(done, policy)

    train_parallel(environment, config, steps, seed, watch)


def made(learner, seed, given):
    """The judgements of one run: those that are there, or of a run made now."""
    kept = given.out / f"{learner.lower()}-{seed}-{given.steps}.jsonl"
    if not kept.exists():
        python = given.peer if learner == "BenchMARL" else sys.executable
        program = Path(__file__).parent / LEARNERS[learner]
        part = kept.with_suffix(".part")
        with part.open("w") as lines:
            command = [python, str(program), "--run", str(seed), "--steps", str(given.steps)]
            subprocess.run(command, check=True, stdout=lines, env=os.environ | ONE_THREAD)
        part.rename(kept)
    return [json.loads(line) for line in kept.read_text().splitlines() if line.startswith("{")]


def summary(runs):
    """By steps, the mean over runs and its 95 % interval, which fewer than five runs have not."""
    curves = np.array([[line["return"] for line in run] for run in runs])
    ends = [mean_interval(point) or (None, None) for point in curves.T.tolist()]
    return {
        "steps": [line["steps"] for line in runs[0]],
        "mean": curves.mean(axis=0),
        "low": np.array([low for low, _ in ends], float),
        "high": np.array([high for _, high in ends], float),
        "runs": curves,
    }


def rounded(value):
    """Two digits after the point; None for what there is not."""
    return round(float(value), 2) if np.isfinite(value) else None


def draw(curves, file):
    """Learning curves: a band and a mean for each learner, and its runs as thin lines."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from twinhop.output.kit.colours import HUES, INK, MUTED
    from twinhop.output.kit.figures import SETTINGS

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.5, 4.2), dpi=160)
        axes = figure.add_axes((0.1, 0.13, 0.72, 0.72))
        for (learner, curve), hue in zip(curves.items(), HUES, strict=False):
            axes.plot(curve["steps"], curve["runs"].T, color=hue, alpha=0.3, linewidth=0.8)
            axes.fill_between(curve["steps"], curve["low"], curve["high"], color=hue, alpha=0.18, linewidth=0)
            axes.plot(curve["steps"], curve["mean"], color=hue, linewidth=2)
            others = [other["mean"][-1] for other in curves.values()]
            lift = 5 * (np.searchsorted(np.sort(others), curve["mean"][-1]) * 2 - len(others) + 1)
            at = (curve["steps"][-1], curve["mean"][-1])
            axes.annotate(learner, at, (6, lift), textcoords="offset points", color=hue, va="center")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=MUTED, labelsize=8)
        axes.set_xlabel("steps of the environment", fontsize=9)
        axes.set_ylabel("return of an agent in an episode, without noise", fontsize=9)
        seeds = len(next(iter(curves.values()))["runs"])
        figure.text(0.1, 0.93, "MADDPG on simple_spread", weight="bold", fontsize=11, color=INK)
        band = "" if np.isnan(next(iter(curves.values()))["low"]).all() else ", band: its 95 % bootstrap interval"
        told = f"{seeds} seeds each; thick: mean{band}, thin: runs"
        figure.text(0.1, 0.885, told, fontsize=8, color=MUTED)
        figure.savefig(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=12_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--peer", default=".venv-peers/bin/python", help="a Python with BenchMARL; empty: without it")
    parser.add_argument("--out", type=Path, default=Path("out/simple-spread"))
    parser.add_argument("--figure", type=Path, help="draw the learning curves into this file")
    parser.add_argument("--run", type=int, metavar="SEED", help="make one run of ours in this process")
    given = parser.parse_args()
    if given.run is not None:
        learn(given.run, given.steps)
        return
    given.out.mkdir(parents=True, exist_ok=True)
    runs = {learner: [] for learner in LEARNERS if given.peer or learner == "twinhop"}
    for seed in range(given.seeds):
        for learner, theirs in runs.items():
            theirs.append(made(learner, seed, given))
    curves = {learner: summary(theirs) for learner, theirs in runs.items()}
    for learner, curve in curves.items():
        for at, steps in enumerate(curve["steps"]):
            numbers = {name: rounded(curve[name][at]) for name in ("mean", "low", "high")}
            print(json.dumps({"learner": learner, "steps": steps, **numbers}))
        cost = np.median([run[-1]["learning_cpu_s"] for run in runs[learner]])
        print(json.dumps({"learner": learner, "seeds": given.seeds, "median_learning_cpu_s": round(float(cost), 1)}))
    if given.figure:
        draw(curves, given.figure)


if __name__ == "__main__":
    main()
