"""All checks, each on its own: one that fails says so and stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twinhop.diagnosis.check import Check
from twinhop.diagnosis.machine import machine_checks
from twinhop.diagnosis.packages import extra_checks, package_checks
from twinhop.diagnosis.surroundings import (
    cache_checks,
    folder_checks,
    program_checks,
    terminal_checks,
    variable_checks,
)

CHECKS: tuple[Callable[[], Iterable[Check]], ...] = (
    package_checks,
    extra_checks,
    cache_checks,
    folder_checks,
    machine_checks,
    variable_checks,
    terminal_checks,
    program_checks,
)


def diagnose(checks: Iterable[Callable[[], Iterable[Check]]] = CHECKS) -> list[Check]:
    """Look at everything, in the order of `CHECKS`.

    Args:
        checks: what looks.
    """
    results: list[Check] = []
    for look in checks:
        try:
            results += look()
        except Exception as error:  # a machine that is set up as nobody thought of must not hide the rest
            words = f"could not be looked at: {type(error).__name__}: {' '.join(str(error).split())}"
            results.append(Check("not looked at", look.__name__.removesuffix("_checks"), words, "note"))
    return results
