"""The folder of a simulation: what it is of, and the runs that are finished in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from twinhop._version import __version__
from twinhop.errors import InputError
from twinhop.io.file_kind import read_content
from twinhop.io.json_text import LARGEST_JSON_BYTES, parse_json, write_json
from twinhop.scenario import Scenario

IDENTITY = "simulation_of.json"
#: What no two runs have in common is kept apart from all else.
TIMING = "timing.json"
#: A run that is not finished lies in a folder whose name ends so.
UNFINISHED = ".unfinished"
NAMED_DIFFERENCES = 5


def identity_of(scenario: Scenario, slots: int) -> dict[str, Any]:
    """What the finished runs of a folder depend on: version, slots, scenario and the files that it names."""
    return {
        "version": __version__,
        "slots": slots,
        "scenario": scenario.model_dump(mode="json", by_alias=True),
        "files": {name: _digest(scenario.folder / name) for name in _files_named(scenario)} if scenario.folder else {},
    }


def _files_named(scenario: Scenario) -> list[str]:
    """The files that a scenario names anywhere, below its folder."""
    assert scenario.folder is not None
    names = set(_texts(scenario.model_dump(mode="json", exclude_defaults=True)))
    return sorted(name for name in names if 0 < len(name) < 255 and _is_file(scenario.folder / name))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """Where two JSON values differ, with both values."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(key for key in now if key not in before)]:
            yield from _differences(before.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif before != now:
        yield f"{path}: {_shown(before)} there, {_shown(now)} now"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


@dataclass(frozen=True)
class SimulationFolder:
    """Where a simulation is kept.

    Attributes:
        root: the folder.
    """

    root: Path

    def begin(self, identity: dict[str, Any]) -> None:
        """Make the folder one of this simulation, or find that it is.

        Raises:
            InputError: it holds runs of something else, or cannot be written.
        """
        path = self.root / IDENTITY
        if path.exists():
            before = parse_json(read_content(path, "what a simulation is of", LARGEST_JSON_BYTES).decode(), str(path))
            changes = list(_differences(before, json.loads(json.dumps(identity))))
            if changes:
                more = f"; and {len(changes) - NAMED_DIFFERENCES} more" if len(changes) > NAMED_DIFFERENCES else ""
                raise InputError(
                    f"{self.root}: holds runs of another simulation: {'; '.join(changes[:NAMED_DIFFERENCES])}{more}; "
                    "choose another folder, or delete this one"
                )
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.root}: cannot be made ({error.strerror})") from None
        write_json(path, identity)

    def run(self, policy: str, seed: int) -> Path:
        """The folder of a run, there once it is finished: settings after plus signs, odd characters as in addresses."""
        name = "+".join(quote(part, safe="=._-") for part in policy.split(":"))
        return self.root / f"seed-{seed}" / name

    def offline(self, seed: int) -> Path:
        """The file of the offline bound of a seed."""
        return self.root / f"seed-{seed}" / "offline.json"


def discard(folder: Path) -> None:
    """Delete a run that failed, and one of before: it is of other code."""
    for each in (folder.with_name(folder.name + UNFINISHED), folder):
        shutil.rmtree(each, ignore_errors=True)


@contextmanager
def unfinished(folder: Path) -> Iterator[Path]:
    """A folder to write a run into; in the end it takes the name of the run's folder.

    Args:
        folder: of the run; what is there is replaced.

    Yields:
        An empty folder.

    Raises:
        InputError: it cannot be made or put in place. What is there after any error but `OSError` is deleted.
    """
    aside = folder.with_name(folder.name + UNFINISHED)
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
