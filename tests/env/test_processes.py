"""Gymnasium's own way to several processes, with its defaults; forks of a process in which JAX runs."""

import subprocess
import sys

import pytest

ASYNC = """
import gymnasium, numpy as np
import twinhop.env
options = dict(num_envs=2, scenario="lu2021-n80-m5", horizon=3, observation="flat")
batches = {
    mode: gymnasium.make_vec("twinhop/Placement-v0", vectorization_mode=mode, **options) for mode in ("async", "sync")
}
obs = {}
for mode, batch in batches.items():
    first, _ = batch.reset(seed=1)
    action = np.zeros(batch.action_space.shape, np.float32)
    then, reward, *_ = batch.step(action)
    obs[mode] = [np.array(first), np.array(then), np.array(reward)]
    batch.close()
assert all((one == two).all() for one, two in zip(*obs.values(), strict=True))
print("same")
"""
FORKED = """
import gymnasium, sys
import jax.numpy as jnp
import twinhop.env
jnp.zeros(3).sum().block_until_ready()
batch = gymnasium.make_vec("twinhop/Placement-v0", num_envs=2, vectorization_mode="async", scenario="lu2021-n80-m5")
try:
    batch.reset(seed=1)
except Exception as error:
    print(type(error).__name__, error)
"""


def python(code, timeout_s):
    words = [sys.executable, "-c", code]
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)


def test_asynchronous_batches_work_with_the_defaults_of_gymnasium():
    done = python(ASYNC, 240)
    assert (done.returncode, done.stdout) == (0, "same\n"), done.stderr


def test_a_fork_of_a_process_that_runs_jax_says_so_and_does_not_hang():
    done = python(FORKED, 120)
    assert "JAX was used before this process was forked" in done.stdout + done.stderr
    assert "vector_kwargs={'context': 'spawn'}" in done.stdout + done.stderr


@pytest.mark.parametrize("task", ["placement", "migration"])
def test_the_arrays_are_the_same_on_host_and_device(task):
    import jax
    import numpy as np

    from twinhop.env.core.generator import on_device
    from twinhop.env.options import host_setting, setting

    host, device = host_setting(task, "lu2021-n80-m5", redraws=True), setting(task, "lu2021-n80-m5", redraws=True)
    for here, there in zip(jax.tree.leaves(host), jax.tree.leaves(device), strict=True):
        assert isinstance(here, np.ndarray) and isinstance(there, jax.Array)
        assert here.dtype == there.dtype and (here == np.asarray(there)).all()
    assert host.rules == device.rules
    assert on_device(device) is device
