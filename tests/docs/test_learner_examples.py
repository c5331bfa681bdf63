"""The learners of others run on the environments, each in the peers' Python; `make peers` builds it."""

import subprocess

import pytest
from blocks import ROOT

PEERS = ROOT / ".venv-peers" / "bin" / "python"
#: Example, the package that it needs, its argument, and how its last line begins.
EXAMPLES = [
    ("stable_baselines3_ppo.py", "stable_baselines3", "60", "256"),
    ("benchmarl_mappo.py", "benchmarl", "1", "400 slots, mean reward of an episode -"),
    ("rllib_ppo.py", "ray.rllib", "1", "{'station_0': -"),
]


def peers(*arguments, folder):
    command = [str(PEERS), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=540)


def test_every_example_is_run_and_short():
    names = {path.name for path in (ROOT / "examples" / "learners").glob("*.py")}
    assert names == {example for example, *_ in EXAMPLES}
    assert all(len((ROOT / "examples" / "learners" / name).read_text().splitlines()) < 60 for name in names)


@pytest.mark.slow
@pytest.mark.parametrize(("example", "package", "argument", "told"), EXAMPLES, ids=lambda value: str(value)[:20])
def test_learner_trains(example, package, argument, told, tmp_path):
    if not PEERS.exists():
        pytest.skip("the peers' Python is not there; make peers")
    if peers("-c", f"import {package}", folder=tmp_path).returncode:
        pytest.skip(f"{package} is not installed there; .venv-peers/bin/pip install it")
    run = peers(str(ROOT / "examples" / "learners" / example), argument, folder=tmp_path)
    assert run.returncode == 0, run.stderr[-3000:]
    last = run.stdout.splitlines()[-1]
    if example.startswith("stable"):
        steps, untrained, trained = (float(word) for word in last.split() if word[0].isdigit())
        assert steps > 1000 and trained < untrained
    else:
        assert last.startswith(told)
