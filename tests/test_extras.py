"""Without the packages of an extra: one line that says how to install them, from every command that needs them."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from every_command import CALLS, words_of, write_files

from twinhop.extras import EXTRAS, MissingExtra, require_extra, requirements

BLOCKED = """
import importlib.metadata, json, sys
EXTRAS = {"equinox", "gymnasium", "jax", "jaxlib", "jaxtyping", "optax", "pettingzoo", "tensorboardX"}
EXTRAS |= {"libsumo", "pygame", "sumo"}
class Hiding:
    def __init__(self, finder):
        self._finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in EXTRAS else self._finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self._finder, name)
sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
"""
#: Every command that learning is behind, and what it is called with.
COMMANDS = [
    ("train", "maddpg"),
    ("transfer", "--sources", "a", "--target", "lu2021-n80-m5"),
    ("evaluate", "maddpg"),
    ("reproduce", "lu2021"),
    ("reproduce", "transfer"),
    ("simulate", "lu2021-n80-m5", "--policies", "stay,transfer:out/run", "--slots", "2"),
]
#: Without the packages of the extra `serve` instead.
UNSERVED = BLOCKED.replace(
    "class Hiding",
    """EXTRAS = {"apsw", "fastapi", "httptools", "httpx", "moat", "msgspec", "prometheus_client", "uvicorn", "uvloop"}
EXTRAS |= {"starlette", "websockets"}
class Hiding""",
)
#: Commands that need it.
SERVING = ("serve", "device", "backup", "restore")
#: Commands in which weights that come with twinhop decide: without JAX.
DECIDING = [
    ("plan", "lu2021-n80-m5", "--policy", "maddpg"),
    ("plan", "lu2021-n80-m5", "--start", "maddpg"),
    ("explain", "lu2021-n80-m5", "u0", "--policy", "maddpg"),
    ("simulate", "lu2021-n80-m5", "--policies", "maddpg", "--slots", "2", "--animate", "none"),
]
IMPORT = """
try:
    import MODULE
except ModuleNotFoundError as error:
    print(error)
"""
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


def test_weights_that_come_with_it_decide_without_them():
    answers = json.loads(python(BLOCKED + RUN_ALL, json.dumps(DECIDING)).splitlines()[-1])
    for words, (code, err) in zip(DECIDING, answers, strict=True):
        assert (code, err) == (0, "") or code is None, (words, code, err)


def test_every_other_command_does_its_work_without_them(tmp_path):
    """Each command of the program, called as in other tests; what none of the above lists must not need an extra."""
    write_files(tmp_path)
    lacking = {words[: len(name.split())] for words in COMMANDS for name in [" ".join(words[:2]), words[0]]}
    names = [name for name in CALLS if tuple(name.split()) not in lacking or name in ("plan", "simulate")]
    assert {"plan", "simulate", "scenario presets", "doctor", "policies", "import sumo"} <= set(names)
    calls = [words_of(name, tmp_path, tmp_path / f"out-{name}") for name in names]
    answers = json.loads(python(BLOCKED + RUN_ALL, json.dumps(calls)).splitlines()[-1])
    for name, (code, err) in zip(names, answers, strict=True):
        assert "Traceback" not in err, (name, err)
        if name == "import sumo":
            assert code == 2 and "`pip install eclipse-sumo libsumo`" in err and err.count("\n") == 1
        elif name in ("serve", "device", "backup", "restore"):  # their call names no folder of twins, and no server
            assert code == 2 and err.count("\n") == 1, (name, code, err)
        else:
            assert code in (0, None), (name, code, err)


def test_without_the_packages_of_serve_its_commands_say_so_and_all_others_work(tmp_path):
    write_files(tmp_path)
    names = [*SERVING, "plan", "doctor", "twin inspect", "policies"]
    calls = [words_of(name, tmp_path, tmp_path / f"out-{name}") for name in names]
    answers = json.loads(python(UNSERVED + RUN_ALL, json.dumps(calls)).splitlines()[-1])
    for name, (code, err) in zip(names, answers, strict=True):
        if name in SERVING:
            assert code == 2 and err.count("\n") == 1, (name, code, err)
            assert "`pip install 'apsw>=" in err and "the extra 'serve'" in err, (name, err)
        else:
            assert code in (0, None), (name, code, err)


def test_stepping_sumo_says_so_too():
    words = ["import", "sumo", "--vehicles", "1", "--seconds", "5", "--live", "--out", "nowhere.parquet"]
    ((code, err),) = json.loads(python(BLOCKED + RUN_ALL, json.dumps([words])).splitlines()[-1])
    assert code == 2 and err.count("\n") == 1 and "`pip install eclipse-sumo libsumo`" in err


@pytest.mark.parametrize(
    "module",
    ["twinhop.learn.trainer", "twinhop.learn.checkpoint", "twinhop.learn.config", "twinhop.learn.structured"],
)
def test_importing_learning_says_so_too(module):
    said = python(BLOCKED + IMPORT.replace("MODULE", module))
    assert said.startswith("learned policies (twinhop.learn): needs packages that are not installed: `pip install 'eq")
    assert "`pip install -e '.[learn]'`" in said


def test_no_message_and_no_page_names_a_line_that_does_not_work():
    """twinhop is on no package index: what names it is a path to a wheel, or a clone."""
    root = Path(__file__).parents[1]
    pages = [*root.glob("*.md"), *root.glob("docs/*.md"), *root.glob("src/**/*.py"), *root.glob("examples/**/*.py")]
    wrong = [
        (str(page.relative_to(root)), line)
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if re.search(r"pip install[^`]*\btwinhop\b", line) and "@ file:" not in line and page.name != "CHANGELOG.md"
    ]
    assert wrong == []


def test_every_extra_is_described_and_there_is():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    packages = project["optional-dependencies"]
    assert EXTRAS.keys() == packages.keys()
    assert packages["all"] == [f"twinhop[{','.join(sorted(EXTRAS.keys() - {'all'}))}]"]


def test_importing_the_environment_says_so_too():
    said = python(BLOCKED + IMPORT.replace("MODULE", "twinhop.env"))
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
