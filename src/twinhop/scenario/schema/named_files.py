"""Files that a scenario names and that are read when it runs: they lie in its folder or below it."""

from __future__ import annotations

from pathlib import Path

from twinhop.errors import InputError
from twinhop.scenario.schema.scenario import Scenario


def scenario_file(scenario: Scenario, name: str, field: str) -> Path:
    """The path of a file that a scenario names.

    Args:
        scenario: read from a file, as only then names have a place to start from.
        name: as the field gives it.
        field: the field, for messages.

    Raises:
        InputError: if the scenario was not read from a file, the path leaves its folder, or there is no such file.
    """
    root = scenario.folder
    if root is None:
        raise InputError(
            f"{scenario.where}: {field}: a file can only be named in a scenario that is itself read from a file"
        )
    path = root / name
    if not path.resolve().is_relative_to(root.resolve()):
        raise InputError(f"{scenario.where}: {field}: must stay under the folder of the scenario file (got {name!r})")
    if not path.exists():
        raise InputError(f"{scenario.where}: {field}: {path}: file not found")
    return path
