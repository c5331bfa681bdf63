"""Without the packages of an extra: one line that says how to install them, from every command that needs them."""

import json
import subprocess
import sys

import pytest

from twinhop.extras import MissingExtra, require_extra, requirements

BLOCKED = """
import importlib.metadata, json, sys
EXTRAS = {"equinox", "gymnasium", "jax", "jaxlib", "jaxtyping", "optax", "pettingzoo", "safetensors", "tensorboardX"}
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""
#: Every command that learning is behind, and what it is called with.
COMMANDS = [
    ("train", "maddpg"),
    ("transfer", "--sources", "a", "--target", "lu2021-n80-m5"),
    ("evaluate", "maddpg"),
    ("reproduce", "lu2021"),
    ("reproduce", "transfer"),
    ("plan", "lu2021-n80-m5", "--policy", "maddpg"),
    ("compare", "lu2021-n80-m5", "--policies", "maddpg"),
    ("explain", "lu2021-n80-m5", "u0", "--policy", "maddpg"),
    ("robustness", "lu2021-n80-m5", "--load", "20", "--policy", "maddpg"),
    ("simulate", "lu2021-n80-m5", "--policies", "maddpg", "--slots", "2"),
    ("benchmark", "--policies", "maddpg", "--quick", "--seeds", "1", "--jobs", "1"),
]
RUN_ALL = """
import contextlib, io
from twinhop.cli import main
answers = []
for words in json.loads(sys.stdin.read()):
    sys.argv = ["twinhop", *words]
    with contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code
        except BaseException as error:
            code = repr(error)
    answers.append([code, err.getvalue()])
print(json.dumps(answers))
"""


def python(code, text=""):
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_says_in_a_line_how_to_install_them():
    answers = json.loads(python(BLOCKED + RUN_ALL, json.dumps(COMMANDS)).splitlines()[-1])
    for words, (code, err) in zip(COMMANDS, answers, strict=True):
        assert code == 2, (words, code, err)
        assert err.count("\n") == 1 and "Traceback" not in err, (words, err)
        assert "`pip install 'equinox>=" in err and "the extra 'learn'" in err, (words, err)


def test_importing_the_environment_says_so_too():
    code = """
try:
    import twinhop.env
except ModuleNotFoundError as error:
    print(error)
"""
    said = python(BLOCKED + code)
    assert said.startswith("twinhop.env: needs packages that are not installed: `pip install 'gymnasium>=1.0' 'jax>=")
    assert "`pip install -e '.[env]'`" in said


def test_what_is_installed_is_not_asked_for():
    require_extra("learn", "learning")


def test_only_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("twinhop.extras.find_spec", lambda name: None if name == "optax" else name)
    with pytest.raises(MissingExtra, match=r"^learning: .*: `pip install 'optax>=0\.2\.4'` \(the extra 'learn'"):
        require_extra("learn", "learning")


def test_the_requirements_are_those_of_the_package():
    assert dict(requirements("env")).keys() == {"gymnasium", "jax", "pettingzoo"}
    assert requirements("no such extra") == ()
