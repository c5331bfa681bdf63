"""The programs of SUMO: where they are, and running one of them without a shell."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.processes import run_program

HOW_TO_INSTALL = "install it with `pip install eclipse-sumo libsumo`, or set SUMO_HOME to the folder of an installation"
MOST_LINES = 5
LONGEST_LINE = 300
VERSION = re.compile(r"\d+[._]\d+[._]\d+\S*")


@dataclass(frozen=True)
class Sumo:
    """An installation of SUMO.

    Attributes:
        home: its folder, with `bin` and `tools`.
    """

    home: Path

    @staticmethod
    def find() -> Sumo:
        """The installation that SUMO_HOME names, else the package `eclipse-sumo`, else that of `sumo` on the PATH.

        Raises:
            InputError: there is none; the message says how to install it.
        """
        stated = os.environ.get("SUMO_HOME")
        if stated and (Path(stated) / "bin" / "sumo").is_file():
            return Sumo(Path(stated))
        package = importlib.util.find_spec("sumo")
        if package is not None and package.origin is not None:  # whose module libsumo sets SUMO_HOME to its data alone
            home = Path(package.origin).parent
            if (home / "bin").is_dir():  # not any other module of that name
                return Sumo(home)
        on_path = shutil.which("sumo")
        if on_path is None:
            hint = f" (SUMO_HOME, {stated}, has no bin/sumo)" if stated else ""
            raise InputError(f"SUMO is not installed{hint}; {HOW_TO_INSTALL}")
        return Sumo(_home_of(Path(on_path).resolve()))

    def run(self, program: str, arguments: Sequence[str], folder: Path) -> str:
        """Run a program of SUMO in a folder, and wait for it.

        Args:
            program: its name in `bin`, or that of a Python script in `tools`.
            arguments: given to it as they are.
            folder: where it runs.

        Returns:
            What it printed.

        Raises:
            InputError: it cannot be started or fails; with its own message.
        """
        if program.endswith(".py"):
            command = [sys.executable, str(self.home / "tools" / program), *arguments]
        else:
            command = [str(self.home / "bin" / program), *arguments]
        environment = {**os.environ, "SUMO_HOME": str(self.home)}
        try:
            code, output = run_program(command, folder, environment)
        except OSError as error:
            raise InputError(f"{command[0]}: cannot be run ({error.strerror}); {HOW_TO_INSTALL}") from None
        if code:
            raise InputError(f"SUMO: {program} failed ({_ending(code)}):\n{last_lines(output)}")
        return output

    def version(self, folder: Path) -> str:
        """The version, as the program states it."""
        match = VERSION.search(self.run("sumo", ["--version"], folder))
        return match[0].replace("_", ".") if match else "of unknown version"


def _home_of(program: Path) -> Path:
    """The folder of an installation: packages of distributions keep the tools in share/sumo."""
    shared = program.parent.parent / "share" / "sumo"
    return shared if (shared / "bin" / "sumo").is_file() else program.parent.parent


def _ending(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def last_lines(said: str) -> str:
    """The errors in what a program printed, or else its last lines."""
    lines = [line.strip()[:LONGEST_LINE] for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error")]
    return "\n".join(f"  {line}" for line in (errors or lines)[-MOST_LINES:]) or "  it printed nothing"
