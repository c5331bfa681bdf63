"""`twinhop doctor`: it works where things are broken, and says what to do and whether anything hinders."""

import json
import os

import pytest

from twinhop.diagnosis import Check, diagnose

#: Hides packages from every process of this Python.
HIDING = """
import sys
HIDDEN = {hidden!r}
class Hiding:
    def __init__(self, finder):
        self._finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in HIDDEN else self._finder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(self._finder, name)
sys.meta_path[:] = [Hiding(finder) for finder in sys.meta_path]
"""


@pytest.fixture
def doctor(process, tmp_path):
    """Runs it in surroundings; returns the exit code and the checks by name."""

    def drive(files=None, **variables):
        for name, text in (files or {}).items():
            (tmp_path / "modules" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "modules" / name).write_text(text)
        path = {"PYTHONPATH": str(tmp_path / "modules")} if files else {}
        done = process("doctor", "--json", env={**os.environ, **path, **variables}, cwd=tmp_path)
        assert "Traceback" not in done.err and done.err == "", done.err
        answer = json.loads(done.out)
        assert answer["ok"] == (done.code == 0) and done.code in (0, 2)
        return done.code, {each["name"]: each for each in answer["checks"]}

    return drive


def test_nothing_hinders_here_and_everything_is_named(process, tmp_path):
    done = process("doctor")
    assert done.code == 0, done.out
    assert done.out.endswith("nothing hinders\n")
    for word in ("twinhop", "Python", "numba", "learn", "folder", "cores", "memory", "encoding"):
        assert f"\n  {word} " in done.out


def test_a_missing_extra_is_a_note_with_the_line_that_installs_it(doctor):
    code, checks = doctor({"sitecustomize.py": HIDING.format(hidden=["optax", "pygame"])})
    assert code == 0
    assert checks["learn"]["level"] == "note" and "`pip install 'optax>=" in checks["learn"]["advice"]
    assert "`pip install 'pygame-ce>=" in checks["human"]["advice"]
    assert checks["env"]["level"] == "ok"


def test_a_broken_jax_is_a_problem_that_is_named(doctor):
    code, checks = doctor({"jax/__init__.py": "raise RuntimeError('jaxlib does not fit\\nat all')"})
    assert code == 2
    assert checks["env"]["value"] == "broken: jax: RuntimeError: jaxlib does not fit at all"
    assert "pip install --force-reinstall jax" in checks["env"]["advice"]
    assert checks["numba"]["level"] == "ok"


def test_a_package_that_ends_its_process_hides_no_other(doctor):
    code, checks = doctor({"polars/__init__.py": "import os; os._exit(139)"})
    assert code == 2
    assert "ends the process that imports it" in checks["polars"]["value"]
    assert checks["pydantic"]["level"] == checks["typer"]["level"] == "ok"


def test_without_numba_or_numpy_it_says_so(doctor):
    code, checks = doctor({"sitecustomize.py": HIDING.format(hidden=["numba", "numpy"])})
    assert code == 2
    assert checks["numpy"]["level"] == checks["numba"]["level"] == "problem"
    assert "numba" in checks["folder"]["value"] or "numba" in checks["folder"]["advice"]


def test_a_cache_that_cannot_be_used_is_a_problem(doctor, tmp_path):
    (tmp_path / "file").write_text("")
    code, checks = doctor(TWINHOP_CACHE_DIR=str(tmp_path / "file"))
    assert code == 2
    assert checks["folder"]["level"] == "problem" and "TWINHOP_CACHE_DIR" in checks["folder"]["advice"]


def test_an_empty_cache_and_an_encoding_without_letters_are_notes(doctor, tmp_path):
    code, checks = doctor(TWINHOP_CACHE_DIR=str(tmp_path / "new"), PYTHONIOENCODING="ascii")
    assert code == 0 and checks["encoding"]["level"] == "note"
    assert checks["size"]["level"] == "note" and checks["size"]["value"].startswith("0 functions, 0.0 MiB")


def test_variables_that_matter_are_shown_and_those_that_hinder_named(doctor):
    code, checks = doctor(NUMBA_DISABLE_JIT="1", OMP_NUM_THREADS="3", MPLBACKEND="tkagg")
    assert code == 2
    assert checks["OMP_NUM_THREADS"]["value"] == "3"
    assert checks["NUMBA_DISABLE_JIT"]["advice"] == "unset NUMBA_DISABLE_JIT"
    assert "MPLBACKEND" not in checks  # the program sets its own


def test_a_check_that_fails_stops_no_other():
    def broken_checks():
        raise PermissionError("no /proc here")

    results = diagnose([broken_checks, lambda: [Check("a", "b", "c")]])
    assert [each.name for each in results] == ["broken", "b"]
    assert results[0].level == "note" and "PermissionError: no /proc here" in results[0].value


def test_other_commands_name_the_doctor_where_a_package_is_missing(process, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(HIDING.format(hidden=["highspy"]))
    done = process(
        "plan", "family(10, 3)", "--policy", "exact", env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path
    )
    assert done.code == 2 and done.err.count("\n") == 1
    assert "highspy" in done.err and "`twinhop doctor` says what this installation lacks" in done.err
