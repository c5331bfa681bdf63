"""Every command wherever it runs: an answer or a line that says what is wrong, never a traceback."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from every_command import CALLS, REFUSED, commands, words_of, write_files

from twinhop.cli import tables
from twinhop.cli.entry import main

LONG = "x" * 300
CODES = {0, 2, 141}
PRINTS_TABLES = {
    *("plan", "explain", "robustness", "price", "compare", "tradeoff", "simulate", "benchmark", "world"),
    *("scenario show", "scenario describe", "twin replay", "twin inspect", "import trace"),
    *("import csv", "import geojson", "import eua", "import ifogsim", "import sf-cells"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("files")
    write_files(made)
    return made


def test_every_command_has_a_call():
    assert commands().keys() == CALLS.keys(), "give a new command a cheap call in every_command.py"


def drive(words, monkeypatch, stdout):
    """Run a command in this process; returns its exit code and what it says on standard error."""
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "argv", ["twinhop", *map(str, words)])
    monkeypatch.setattr("twinhop.cli.entry._end_at_once", sys.exit)
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code or 0, stderr.getvalue()


def encoded(encoding):
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)


@pytest.mark.parametrize("name", CALLS)
def test_every_command_prints_its_tables_whole_at_every_width(name, folder, tmp_path, monkeypatch):
    """The same tables as in a pipe, at 80, 60 and 40 columns: nothing is cut, and what cannot be encoded is escaped."""
    printed = []
    monkeypatch.setattr(tables, "table_lines", lambda header, rows, *_: printed.append((header, rows)) or [])
    output = encoded("ascii")
    code, err = drive(words_of(name, folder, tmp_path / "out"), monkeypatch, output)
    monkeypatch.undo()
    assert code == (2 if name in REFUSED else 0), err
    assert "Traceback" not in err
    output.buffer.getvalue().decode("ascii")
    assert bool(printed) == (name in PRINTS_TABLES)
    for header, rows in printed:
        for width in (80, 60, 40, None):
            text = "\n".join(line for line, _ in tables.table_lines(header, rows, width))
            assert "…" not in text and "..." not in text
            assert max(map(len, text.splitlines())) <= (width or 1000)
            for number in re.findall(
                r"(?<!\S)-?\d+\.?\d*(?:e-?\d+)?(?!\S)", " ".join(cell for row in rows for cell in row)
            ):
                assert number in text.split(), (width, number)


HARBOUR = """schema_version: 1
name: 港口
area: {width_m: 1200, height_m: 800}
stations: {generate: {count: 3}}
users: {generate: {count: 5}}
objective: {deadlines: false}
"""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
@pytest.mark.parametrize("words", ["plan", "explain u0", "compare", "tradeoff", "scenario describe", "scenario show"])
def test_letters_that_an_output_does_not_have_are_escaped(words, encoding, tmp_path, monkeypatch):
    path = tmp_path / "harbour.yaml"
    path.write_text(HARBOUR, encoding="utf-8")
    command, _, user = words.partition(" u")
    output = encoded(encoding)
    more = ["--policies", "nearest,lagrangian"] if command == "compare" else ["u" + user] if user else []
    code, err = drive([*command.split(), path, *more], monkeypatch, output)
    assert code == 0, err
    text = output.buffer.getvalue().decode(encoding)
    assert ("港口" if encoding == "utf-8" else r"\u6e2f\u53e3") in text


@pytest.mark.parametrize("name", CALLS)
def test_a_full_disk_behind_standard_output_is_a_line(name, folder, tmp_path, monkeypatch):
    with open("/dev/full", "w") as full:
        code, err = drive(words_of(name, folder, tmp_path / "out"), monkeypatch, full)
    assert code == 2
    if name not in REFUSED:
        assert err.splitlines()[-1:] == ["twinhop: standard output: No space left on device"]
    assert "Traceback" not in err


def paths_of(name):
    """The options of a command that are paths."""
    kinds = {
        each.opts[0]: repr(getattr(each, "type_descriptor", None) or each.type) for each in commands()[name].params
    }
    return {option for option, kind in kinds.items() if "Path" in kind and option.startswith("--")}


WRITERS = [name for name in CALLS if "--out" in paths_of(name)]
ODD_PATHS = {"empty": "", "file": f"/dev/null/{LONG}", "long": LONG, "proc": "/proc/none/out"}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("path", ODD_PATHS)
def test_odd_output_paths_are_refused_in_a_line(name, path, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = words_of(name, folder, ODD_PATHS[path])
    words = words if "OUT" in CALLS[name] else [*words, "--out", ODD_PATHS[path]]
    code, err = drive(words, monkeypatch, encoded("utf-8"))
    assert code == 2, err
    assert err.startswith("twinhop: ") and err.count("\n") == 1, err
    assert path != "empty" or "--out: is empty; expected a path" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name in CALLS if paths_of(name)])
def test_no_path_may_be_empty(name, folder, monkeypatch):
    for option in paths_of(name):
        code, err = drive([*words_of(name, folder, "OUT"), option, ""], monkeypatch, encoded("utf-8"))
        said = f"twinhop: {option}: is empty; expected a path, as ./name (is a variable not set?)\n"
        assert (code, err) == (2, said)


@pytest.mark.parametrize("name", [name for name in CALLS if name.startswith("import ") and name not in REFUSED])
def test_no_importer_writes_over_what_it_reads(name, folder, tmp_path, monkeypatch):
    source = next(word for word in words_of(name, folder, "OUT") if str(folder) in word)
    before = Path(source).read_bytes()
    code, err = drive([*words_of(name, folder, source), "--force"], monkeypatch, encoded("utf-8"))
    assert (code, err) == (2, f"twinhop: --out {source}: is a file that is read; choose another name\n")
    assert Path(source).read_bytes() == before


# Processes of their own: what is set before Python starts.


SETTINGS = {
    "notebook": {"MPLBACKEND": "module://matplotlib_inline.backend_inline"},
    "no such backend": {"MPLBACKEND": "nonsense"},
    "ascii": {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "code page": {"PYTHONIOENCODING": "cp1252"},
    "dumb terminal": {"TERM": "dumb", "COLUMNS": "40"},
    "no home": {"HOME": None, "XDG_CACHE_HOME": None},
    "home that is none": {"HOME": "/proc/none", "XDG_CACHE_HOME": "/dev/null/x", "MPLCONFIGDIR": "/proc/none"},
    "double precision": {"JAX_ENABLE_X64": "maybe"},
    "threads": {"NUMBA_NUM_THREADS": "0", "OMP_NUM_THREADS": "x", "POLARS_MAX_THREADS": "0"},
    "settings of numba": {"NUMBA_OPT": "9"},
    "warnings": {"PYTHONWARNINGS": "error"},
    "optimised": {"PYTHONOPTIMIZE": "2"},
}
ENDS = {
    "full": ">/dev/full",
    "closed": ">&-",
    "all closed": ">&- 2>&- <&-",
    "no error": "2>/dev/full",
    "head": "| head -1",
}


def in_shell(words, ending, folder, **variables):
    """Run the program by a shell, with standard output as that says."""
    environment = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    script = f'"$@" {ending}; exit ${{PIPESTATUS[0]}}'
    command = ["bash", "-c", script, "bash", sys.executable, "-m", "twinhop", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, timeout=300, stdin=subprocess.DEVNULL, check=False
    )


def check(done):
    said = done.stdout + done.stderr
    assert b"Traceback" not in said and b"Exception ignored" not in said, said.decode("utf-8", "replace")
    assert done.returncode in CODES, said.decode("utf-8", "replace")


@pytest.mark.parametrize("case", ["notebook", "ascii", "threads"])
def test_a_plan_in_odd_settings(case, folder, tmp_path):
    done = in_shell(["plan", "family(10, 3)", "--out", tmp_path / "out"], "", folder, **SETTINGS[case])
    check(done)
    if case == "threads":
        assert done.stderr.startswith(b"twinhop: ") and b"the environment has NUMBA_NUM_THREADS=0" in done.stderr
    else:
        assert (tmp_path / "out" / "map.png").exists()


def test_a_plan_with_everything_closed(folder, tmp_path):
    done = in_shell(["plan", "family(10, 3)", "--out", tmp_path / "out"], ENDS["all closed"], folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "out" / "report.md").read_text(encoding="utf-8").startswith("# Plan of ")


def test_a_hostile_style_changes_no_picture(folder, tmp_path):
    style = "text.usetex: True\nsavefig.bbox: tight\nsavefig.dpi: 30\naxes.facecolor: black\nbackend: TkAgg\n"
    pictures = []
    for name, text in (("plain", ""), ("styled", style)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "matplotlibrc").write_text(text)
        check(in_shell(["plan", "family(10, 3)", "--out", "out"], "", tmp_path / name))
        pictures.append((tmp_path / name / "out" / "map.png").read_bytes())
    assert pictures[0] == pictures[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", CALLS)
def test_every_command_in_every_setting(name, folder, tmp_path):
    for case, variables in SETTINGS.items():
        words = words_of(name, folder, tmp_path / f"{case} out")
        writes = name in WRITERS and "--out" not in words
        done = in_shell([*words, "--out", tmp_path / case] if writes else words, "", tmp_path, **variables)
        check(done)
    for ending in ENDS.values():
        check(in_shell(words_of(name, folder, tmp_path / f"{len(ending)} out"), ending, folder))
    for words in (["--help"], ["--nonsense"], []):
        check(in_shell([*name.split(), *words], "", "/proc", COLUMNS="40", TERM="xterm"))
