"""Versions of what twinhop stands on, the extras, and whether they can be imported at all."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from twinhop._version import __version__
from twinhop.diagnosis.check import Check
from twinhop.extras import EXTRAS, install_line, missing_packages, module_of, requirements
from twinhop.processes import run_program

LEAST_PYTHON = (3, 11)
#: A package that needs longer to be imported is broken [s].
IMPORT_LIMIT_S = 120.0
_NAME = re.compile(r"[A-Za-z0-9._-]+")
#: Imports modules one by one; says of each how it went, before and after, as a broken one may end the process.
_TRY = """
import importlib, json, sys
for name in sys.argv[1:]:
    print(json.dumps([name, "ends the process that imports it"]), flush=True)
    try:
        importlib.import_module(name)
        if name == "jax":
            sys.modules["jax"].devices()
        words = ""
    except BaseException as error:
        words = f"{type(error).__name__}: {error}"
    print(json.dumps([name, words]), flush=True)
"""


def package_checks() -> Iterator[Check]:
    """Python, twinhop and the packages that it needs in any case."""
    topic, python = "versions", platform.python_version()
    yield Check(topic, "twinhop", f"{__version__}, {Path(__file__).parent.parent}")
    is_old = sys.version_info < LEAST_PYTHON
    least = ".".join(map(str, LEAST_PYTHON))
    advice = f"use Python {least} or newer" if is_old else ""
    yield Check(topic, "Python", f"{python}, {sys.executable}", "problem" if is_old else "ok", advice)
    yield Check(topic, "platform", platform.platform())
    try:
        lines = requires("twinhop") or []
    except PackageNotFoundError:
        words = "twinhop runs from its sources and is not installed: what it needs is not known"
        yield Check(topic, "packages", words, "note", "in a clone: `make setup`, or `pip install -e .`")
        return
    needed = {match[0]: line for line in lines if "extra" not in line and (match := _NAME.match(line))}
    failures = import_failures([module_of(name) for name in needed])
    for name, line in needed.items():
        yield _package_check(topic, name, f"pip install '{line.split(';')[0].strip()}'", failures)


def extra_checks() -> Iterator[Check]:
    """The extras: installed, missing with the line to get them, or broken."""
    wanted = {name: [package for package, _ in requirements(name)] for name in EXTRAS if name != "all"}
    present = [name for name, packages in wanted.items() if packages and not missing_packages(name)]
    modules = sorted({module_of(package) for name in present for package in wanted[name]} - {"sumo", "libsumo"})
    failures = import_failures(modules)
    for name, packages in wanted.items():
        if not packages:
            continue
        missing = missing_packages(name)
        if missing:
            words = f"not installed; it is for {EXTRAS[name]}"
            yield Check("extras", name, words, "note", install_line(name, missing))
            continue
        broken = [package for package in packages if failures.get(module_of(package))]
        if broken:
            words = "; ".join(f"{package}: {failures[module_of(package)]}" for package in broken)
            advice = f"install it anew, `pip install --force-reinstall {' '.join(broken)}`{_settings_advice(broken)}"
            yield Check("extras", name, f"broken: {words}", "problem", advice)
        else:
            yield Check("extras", name, ", ".join(f"{package} {_version(package)}" for package in packages))


def import_failures(modules: Sequence[str]) -> dict[str, str]:
    """What modules say when a process of its own imports them, by module; empty where all is well.

    Args:
        modules: names; a process that one of them ends goes on with those after it.
    """
    failures: dict[str, str] = {}
    left = list(modules)
    while left:
        command = [sys.executable, "-c", _TRY, *left]
        code, output = run_program(command, Path.cwd(), os.environ, IMPORT_LIMIT_S)
        reports = [report for line in output.splitlines() if (report := _report(line)) is not None]
        if not reports:
            return failures | {left[0]: f"cannot be tried: {sys.executable} ended with {code}"}
        failures |= dict(reports)
        left = left[left.index(reports[-1][0]) + 1 :]
    return {name: " ".join(words.split()) for name, words in failures.items() if words}


def _report(line: str) -> tuple[str, str] | None:
    try:
        name, words = json.loads(line)
    except (ValueError, TypeError):
        return None  # what a package prints when it is imported
    return name, words


def _package_check(topic: str, name: str, command: str, failures: dict[str, str]) -> Check:
    words = failures.get(module_of(name), "")
    if not words:
        return Check(topic, name, _version(name))
    there = _version(name)
    if there == "?":
        return Check(topic, name, "not installed", "problem", f"`{command}`")
    advice = f"`{command.replace('install', 'install --force-reinstall', 1)}`{_settings_advice([name])}"
    return Check(topic, name, f"{there}, broken: {words}", "problem", advice)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


def _settings_advice(packages: Sequence[str]) -> str:
    """A word about variables that set up one of these packages."""
    prefixes = {"jax": ("JAX_", "XLA_"), "numba": ("NUMBA_",), "polars": ("POLARS_",)}
    of_them = tuple(prefix for package in packages for prefix in prefixes.get(package, ()))
    names = sorted(name for name in os.environ if of_them and name.startswith(of_them) and name != "JAX_ENABLE_X64")
    return f", or try without {', '.join(names)} in the environment" if names else ""
