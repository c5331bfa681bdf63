"""Packages that a part of twinhop needs beyond those that planning does: the extras."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

from twinhop.errors import InputError

#: Names to import, where the package is called otherwise.
_MODULES = {
    "moat-lib-mqtt": "moat.lib.mqtt",
    "tensorboardx": "tensorboardX",
    "eclipse-sumo": "sumo",
    "pygame-ce": "pygame",
    "pyyaml": "yaml",
    "python-calamine": "python_calamine",
}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9_.-]+)([^;]*);\s*extra\s*==\s*['\"](\w+)['\"]")


class MissingExtra(InputError, ModuleNotFoundError):
    """Packages of an extra are not installed."""


#: The extras, and what each is for.
EXTRAS = {
    "env": "environments for learners: Gymnasium, PettingZoo and JAX",
    "learn": "learned policies: train, transfer, evaluate, reproduce; the weights that come with twinhop need no extra",
    "excel": "tables of Excel (.xlsx): read by import, written by plan --out",
    "human": "the window of render_mode='human'",
    "scale": "scenarios of millions of users: the spatial index of their stations",
    "serve": "twins that live: twinhop serve, twinhop device, and the journal of twinhop.live",
    "sumo": "traffic by SUMO: import sumo",
    "jax": "the physics of twinhop.network on jax.numpy",
    "all": "all of these",
}


@cache
def requirements(extra: str) -> tuple[tuple[str, str], ...]:
    """Name and accepted versions of the packages of an extra, as the installed twinhop states them."""
    try:
        lines = requires("twinhop") or []
    except PackageNotFoundError:  # run from its sources, not installed
        return ()
    matches = (_REQUIREMENT.fullmatch(line) for line in lines)
    return tuple((match[1], match[2].strip()) for match in matches if match and match[3] == extra)


def module_of(package: str) -> str:
    """The module to import of a package.

    >>> module_of("moat-lib-mqtt"), module_of("jax")
    ('moat.lib.mqtt', 'jax')
    """
    name = package.lower()
    return _MODULES.get(name, name.replace("-", "_"))


def install_line(extra: str, packages: str) -> str:
    """How packages of an extra are installed, wherever twinhop came from: from a checkout there is a shorter line."""
    return (
        f"`pip install {packages}` (the extra '{extra}'; in a checkout of twinhop also `pip install -e '.[{extra}]'`)"
    )


def missing_packages(extra: str) -> str:
    """The packages of an extra that are not installed, as `pip install` takes them; empty: none is missing."""
    missing = [(name, versions) for name, versions in requirements(extra) if not _is_there(name)]
    return " ".join(repr(name + versions) for name, versions in missing)


def require_extra(extra: str, what: str) -> None:
    """Make sure that the packages of an extra are there.

    Args:
        extra: one of `EXTRAS`.
        what: needs it, in words.

    Raises:
        MissingExtra: some are not; with a command that installs them, wherever twinhop came from.
    """
    words = missing_words(extra, what)
    if words:
        raise MissingExtra(words)


def missing_words(extra: str, what: str) -> str:
    """The message of `require_extra`; empty where nothing is missing."""
    packages = missing_packages(extra)
    return f"{what}: needs packages that are not installed: {install_line(extra, packages)}" if packages else ""


def _is_there(package: str) -> bool:
    try:
        return find_spec(module_of(package)) is not None
    except (ImportError, ValueError):
        return False
