"""The program driven in this process (fast) and as a process of its own (what users run)."""

import functools
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from twinhop.cli import main
from twinhop.cli.main import program

_made = functools.cache(lambda _columns: program())


@pytest.fixture(autouse=True)
def program_made_once(monkeypatch):
    """The program is made once for a width of the terminal: forty commands take longer to make than most to run."""
    made_by = sys.modules["twinhop.cli.main"]  # the name `main` of the package is the function
    monkeypatch.setattr(made_by, "program", lambda: _made(shutil.get_terminal_size().columns))


@dataclass
class Run:
    """How a run of the program ended, and what it printed."""

    code: int
    out: str
    err: str


def _without_notice(err):
    """Standard error without the line that says that functions are compiled: true of the first run on a machine."""
    return err.replace("twinhop: compiling, once\n", "").replace(
        "twinhop: another run compiles, once; waiting for it\n", ""
    )


def as_process(*args, timeout=300, **options):
    command = [sys.executable, "-m", "twinhop", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
    return Run(done.returncode, done.stdout, _without_notice(done.stderr))


@pytest.fixture
def run(monkeypatch, capfd):
    """Runs `twinhop ARGS` in this process; standard output and error are caught at the file descriptors."""

    def drive(*args):
        monkeypatch.setattr(sys, "argv", ["twinhop", *map(str, args)])
        monkeypatch.setattr("twinhop.cli.entry._end_at_once", sys.exit)  # the tests go on in this process
        capfd.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        caught = capfd.readouterr()
        return Run(code, caught.out, _without_notice(caught.err))

    return drive


@pytest.fixture
def process():
    """Runs `twinhop ARGS` as a process of its own."""
    return as_process
