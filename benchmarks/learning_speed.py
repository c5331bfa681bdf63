"""Speed of an update of MADDPG beside BenchMARL, interleaved in the same run; one JSON line a measurement.

    python benchmarks/learning_speed.py [--rounds 5] [--peer .venv-peers/bin/python --benchmarl SCRIPT]

An update is a batch of 32 drawn from the replay memory, then one step of Adam for every critic and actor, and of their
targets; two hidden layers of 64. Each measurement is a process of its own, on one core, with one thread. SCRIPT is a
Python file for the peers' Python that takes `--task shape --agents --obs --act --batch --hidden --threads` and prints a
line `RESULT {"ms_per_update": ..., "cpu_ms_per_update": ...}`. BenchMARL has a critic for each agent, which sees all
observations; `own, observations` is the same in ours, and the others are what a state and a shared reward allow.
`cpu_ms` is the processor time, which other work on the machine disturbs least. `make peers` builds the peers' Python.
"""

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Problem: agents, numbers that an agent sees, numbers that it says; and how much faster than BenchMARL is asked for.
PROBLEMS = {"10 x 300 x 100": (10, 300, 100, 20), "3 x 14 x 2": (3, 14, 2, 30)}
#: What critics there are, and what they see.
CRITICS = {
    "shared, state": ("shared", "state"),
    "own, state": ("own", "state"),
    "own, observations": ("own", "observations"),
}
PEER = "BenchMARL"
BATCH, HIDDEN, ROWS = 32, (64, 64), 2000
UPDATES_A_CALL, CALLS = 50, 5
ONE_THREAD = {
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "JAX_PLATFORMS": "cpu",
    "OMP_NUM_THREADS": "1",
}


def filled(shapes, config, rows):
    """A full replay memory of noise."""
    import jax
    import jax.numpy as jnp

    from twinhop.learn.maddpg import ReplayTransition
    from twinhop.learn.replay import Replay

    sizes = ReplayTransition(
        state=(shapes.state,) if config.critic_sees == "state" else None,
        observation=(shapes.agents, shapes.observation),
        action=(shapes.agents, shapes.action),
        reward=() if config.critics == "shared" else (shapes.agents,),
        next_state=(shapes.state,) if config.critic_sees == "state" else None,
        next_observation=(shapes.agents, shapes.observation),
        terminated=(),
    )
    keys = iter(jax.random.split(jax.random.key(1), len(sizes)))
    entries = [None if size is None else jax.random.uniform(next(keys), (rows, *size)) for size in sizes]
    return Replay(ReplayTransition(*entries)._replace(terminated=jnp.zeros(rows)), jnp.int32(rows))


def ours(problem, critics):
    """Milliseconds of an update in a compiled loop."""
    import jax
    import jax.numpy as jnp

    from twinhop.learn.maddpg import MaddpgConfig, Shapes, begin, update
    from twinhop.learn.replay import sampled

    agents, seen, said, _ = PROBLEMS[problem]
    kind, sight = CRITICS[critics]
    config = MaddpgConfig(hidden=HIDDEN, batch=BATCH, critics=kind, critic_sees=sight, agents_see="observations")
    shapes = Shapes(agents, seen, said, seen)
    replay = filled(shapes, config, ROWS)

    def go(learner, keys):
        return jax.lax.scan(lambda now, key: update(config, now, sampled(replay, key, BATCH)), learner, keys)

    compiled = jax.jit(go, donate_argnums=0)
    learner = jax.tree.map(jnp.copy, begin(config, shapes, jax.random.key(0)))
    began = time.perf_counter()
    learner, _ = jax.block_until_ready(compiled(learner, jax.random.split(jax.random.key(2), UPDATES_A_CALL)))
    first_call_s = time.perf_counter() - began
    wall, used = time.perf_counter(), time.process_time()
    for call in range(CALLS):
        learner, _ = jax.block_until_ready(compiled(learner, jax.random.split(jax.random.key(call), UPDATES_A_CALL)))
    wall, used = time.perf_counter() - wall, time.process_time() - used
    updates = UPDATES_A_CALL * CALLS
    return {"ms": 1e3 * wall / updates, "cpu_ms": 1e3 * used / updates, "first_call_s": first_call_s}


def one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def printed(command, folder):
    """The last line of a program on one core with one thread."""
    environment = os.environ | ONE_THREAD
    run = subprocess.run(
        command, check=True, capture_output=True, text=True, preexec_fn=one_core, env=environment, cwd=folder
    )
    return run.stdout.splitlines()[-1]


def peers(problem, peer, script):
    """The same of BenchMARL."""
    agents, seen, said, _ = PROBLEMS[problem]
    asked = {"--agents": agents, "--obs": seen, "--act": said, "--batch": BATCH, "--threads": 1}
    asked |= {"--iters": 3, "--updates": 100, "--frames": 200}
    options = [str(word) for pair in asked.items() for word in pair]
    hidden = ["--hidden", *map(str, HIDDEN)]
    with tempfile.TemporaryDirectory() as folder:
        line = printed([Path(peer).absolute(), Path(script).absolute(), "--task", "shape", *options, *hidden], folder)
    found = json.loads(line.removeprefix("RESULT "))
    return {"ms": found["ms_per_update"], "cpu_ms": found["cpu_ms_per_update"]}


def measured(problem, case, given):
    if case == PEER:
        return peers(problem, given.peer, given.benchmarl)
    return json.loads(printed([sys.executable, Path(__file__).absolute(), "--case", problem, case], None))


def report(problem, rows):
    """Medians over the rounds, and how many times faster than BenchMARL in the same round."""
    for case, runs in rows.items():
        line = {"problem": problem, "case": case}
        line |= {name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0]}
        line["least_cpu_ms"] = round(min(run["cpu_ms"] for run in runs), 3)
        if PEER in rows and case != PEER:
            pairs = list(zip(rows[PEER], runs, strict=True))
            for name in ("ms", "cpu_ms"):
                ratio = statistics.median(theirs[name] / ours[name] for theirs, ours in pairs)
                line[f"times_benchmarl_{name}"] = round(ratio, 1)
            line["asked"] = PROBLEMS[problem][3]
        print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer", default=".venv-peers/bin/python", help="a Python with BenchMARL")
    parser.add_argument("--benchmarl", metavar="SCRIPT", help="the program that times BenchMARL; left out without it")
    parser.add_argument("--case", nargs=2, metavar=("PROBLEM", "CRITICS"), help="measure one case in this process")
    given = parser.parse_args()
    if given.case:
        print(json.dumps(ours(*given.case)))
        return
    cases = [*CRITICS, *([PEER] if given.benchmarl else [])]
    rows = {problem: {case: [] for case in cases} for problem in PROBLEMS}
    for at in range(given.rounds):
        for problem, case in itertools.product(PROBLEMS, cases):
            rows[problem][case].append(measured(problem, case, given))
            line = {"round": at, "problem": problem, "case": case} | rows[problem][case][-1]
            print(json.dumps(line | {"load": os.getloadavg()[0]}), flush=True)
    for problem in PROBLEMS:
        report(problem, rows[problem])


if __name__ == "__main__":
    main()
