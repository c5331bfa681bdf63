"""Packages that a part of twinhop needs beyond those that planning does: the extras."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

from twinhop.errors import InputError

#: Names to import, where the package is called otherwise.
_MODULES = {"tensorboardx": "tensorboardX", "eclipse-sumo": "sumo"}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9_.-]+)([^;]*);\s*extra\s*==\s*['\"](\w+)['\"]")


class MissingExtra(InputError, ModuleNotFoundError):
    """Packages of an extra are not installed."""


@cache
def requirements(extra: str) -> tuple[tuple[str, str], ...]:
    """Name and accepted versions of the packages of an extra, as the installed twinhop states them."""
    try:
        lines = requires("twinhop") or []
    except PackageNotFoundError:  # run from its sources, not installed
        return ()
    matches = (_REQUIREMENT.fullmatch(line) for line in lines)
    return tuple((match[1], match[2].strip()) for match in matches if match and match[3] == extra)


def require_extra(extra: str, what: str) -> None:
    """Make sure that the packages of an extra are there.

    Args:
        extra: env, jax, learn or sumo.
        what: needs it, in words.

    Raises:
        MissingExtra: some are not; with a command that installs them, wherever twinhop came from.
    """
    words = missing_words(extra, what)
    if words:
        raise MissingExtra(words)


def missing_words(extra: str, what: str) -> str:
    """The message of `require_extra`; empty where nothing is missing."""
    missing = [(name, versions) for name, versions in requirements(extra) if not _is_there(name)]
    if not missing:
        return ""
    packages = " ".join(repr(name + versions) for name, versions in missing)
    return (
        f"{what}: needs packages that are not installed: `pip install {packages}` (the extra '{extra}'; in a checkout "
        f"of twinhop also `pip install -e '.[{extra}]'`)"
    )


def _is_there(package: str) -> bool:
    name = package.lower()
    try:
        return find_spec(_MODULES.get(name, name)) is not None
    except (ImportError, ValueError):
        return False
