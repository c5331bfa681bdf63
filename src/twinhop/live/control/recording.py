"""What happened, slot by slot, in files that survive an end at any moment: `DATA/runs/START/`.

A run is one day at most, or until the controller stops. Its folder holds ``city.yaml``, the city as it stands; a
Parquet table of each slot in ``slots/``, joined a hundred at a time; ``slots.jsonl`` and ``plans.jsonl``, a line a slot
and a plan. A file takes its name once it is whole; a line that was cut off is left out when it is read.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import TwinhopError
from twinhop.io.json_text import json_text
from twinhop.live.control.observe import Observed
from twinhop.live.control.records import PlanRecord
from twinhop.scenario import Scenario, save_scenario

CITY, SLOTS, SLOT_LINES, PLAN_LINES = "city.yaml", "slots", "slots.jsonl", "plans.jsonl"
#: Of the lines of slots.
RECORD_VERSION = 1
#: Tables of single slots that are joined to one.
JOINED = 100
#: Of a table of a slot, each with its type of polars.
COLUMNS_OF_SLOTS = {
    "time_s": "Float64",
    "user": "String",
    "x_m": "Float64",
    "y_m": "Float64",
    "kind": "String",
    "load": "Float64",
    "age_s": "Float64",
    "expected_x_m": "Float64",
    "expected_y_m": "Float64",
    "owner": "String",
    "recommended": "String",
}
DAY_S = 86_400.0
_FOLDER = re.compile(r"\d{8}T\d{6}Z(-\d+)?")


@dataclass(frozen=True, eq=False)
class SlotRecord:
    """One slot that is over.

    Attributes:
        slot: of the run, from 0.
        begun_s: when, since 1970 [s].
        observed: who was there, and where.
        owner: n hosts in force at its end; empty: none.
        recommended: n hosts of its decision; empty: none.
        plan: id of its plan.
        down: stations that did not work.
    """

    slot: int
    begun_s: float
    observed: Observed
    owner: Sequence[str]
    recommended: Sequence[str]
    plan: str
    down: tuple[str, ...]


class Recording:
    """Writes the runs of a folder, a new one each day, and removes the oldest.

    Args:
        root: folder of all runs.
        city: as it stands; see `standing`.
        slot_s: length of a slot [s].
        days: of which runs are kept.
        most_bytes: room that all runs may take; the one being written stays [byte].
    """

    def __init__(self, root: Path, city: Scenario, slot_s: float, days: int, most_bytes: int) -> None:
        self.root, self._city, self._slot_s = root, city, slot_s
        self._days, self._most_bytes = days, most_bytes
        self.folder: Path | None = None
        self._begun_s = -float("inf")
        self._slot = 0
        self.trouble = ""
        """Why nothing is recorded for now; empty: it is."""

    def slot(self, record: SlotRecord) -> None:
        """Write a slot."""
        try:
            folder = self._folder(record.begun_s)
            _write_table(folder / SLOTS, self._slot, self._table(record))
            line = {
                "version": RECORD_VERSION,
                "slot": self._slot,
                "begun_s": record.begun_s,
                "users": len(record.observed.ids),
                "plan": record.plan,
                "down": list(record.down),
            }
            _append(folder / SLOT_LINES, line)
            self._slot += 1
            if self._slot % JOINED == 0:
                _join(folder / SLOTS, self._slot - JOINED, self._slot - 1)
                self._make_room()
        except _writing() as error:
            self.trouble = f"{self.root}: cannot be written: {getattr(error, 'strerror', None) or error}"
        else:
            self.trouble = ""

    def plan(self, record: PlanRecord, now_s: float) -> None:
        """Write a plan, or its moves as they stand now: the last line of a plan counts."""
        try:
            _append(self._folder(now_s) / PLAN_LINES, asdict(record))
        except _writing() as error:
            self.trouble = f"{self.root}: cannot be written: {getattr(error, 'strerror', None) or error}"

    def _folder(self, now_s: float) -> Path:
        """The folder of the day, begun where it is not there."""
        if self.folder is None or now_s // DAY_S != self._begun_s // DAY_S:
            name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
            self.root.mkdir(parents=True, exist_ok=True)
            folder, number = self.root / name, 1
            while folder.exists():
                folder, number = self.root / f"{name}-{number}", number + 1
            (folder / SLOTS).mkdir(parents=True)
            save_scenario(self._city, folder / CITY)
            self.folder, self._begun_s, self._slot = folder, now_s, 0
            self._make_room()
        return self.folder

    def _make_room(self) -> None:
        """Remove runs beyond the days and the room that they may take, the oldest first."""
        runs = [each for each in runs_of(self.root) if each != self.folder]
        sizes = {each: _size(each) for each in runs}
        taken = sum(sizes.values()) + (_size(self.folder) if self.folder is not None else 0)
        dates = sorted({each.name[:8] for each in [*runs, *([self.folder] if self.folder else [])]})
        old = set(dates[: -self._days])
        for run in runs:
            if run.name[:8] in old or taken > self._most_bytes:
                shutil.rmtree(run, ignore_errors=True)
                taken -= sizes[run]

    def _table(self, record: SlotRecord) -> Any:
        import polars as pl

        observed, count = record.observed, len(record.observed.ids)
        return pl.DataFrame(
            {
                "time_s": np.full(count, self._slot * self._slot_s),
                "user": pl.Series(list(observed.ids), dtype=pl.String),
                "x_m": observed.xy_m[:, 0],
                "y_m": observed.xy_m[:, 1],
                "kind": pl.Series(["user"] * count, dtype=pl.String),
                "load": observed.load,
                "age_s": observed.age_s,
                "expected_x_m": observed.expected_m[:, 0],
                "expected_y_m": observed.expected_m[:, 1],
                "owner": pl.Series(list(record.owner), dtype=pl.String),
                "recommended": pl.Series(list(record.recommended), dtype=pl.String),
            }
        )


def runs_of(root: Path) -> list[Path]:
    """The folders of runs, the oldest first."""
    if not root.is_dir():
        return []
    return sorted(each for each in root.iterdir() if each.is_dir() and _FOLDER.fullmatch(each.name))


def _size(folder: Path) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(base, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _write_table(folder: Path, slot: int, table: Any) -> None:
    aside = folder / f".{slot:06}.part"
    table.write_parquet(aside)
    aside.replace(folder / f"{slot:06}.parquet")


def _writing() -> tuple[type[Exception], ...]:
    """What a full or lost disk makes of writing; tables are imported with the first, when the doors are open."""
    import polars as pl

    return OSError, TwinhopError, pl.exceptions.PolarsError


def _join(folder: Path, first: int, last: int) -> None:
    """Join the tables of some slots; until those of single slots are gone, both are there, and are read once."""
    import polars as pl

    parts = [folder / f"{slot:06}.parquet" for slot in range(first, last + 1)]
    parts = [each for each in parts if each.exists()]
    aside = folder / f".{first:06}-{last:06}.part"
    pl.concat([pl.read_parquet(each) for each in parts]).write_parquet(aside)
    aside.replace(folder / f"{first:06}-{last:06}.parquet")
    for each in parts:
        each.unlink(missing_ok=True)


def _append(path: Path, value: Any) -> None:
    """Add a line; one that was cut off before is ended first."""
    text = json_text(value, indent=None).rstrip("\n") + "\n"
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        if end:
            file.seek(end - 1)
            if file.read(1) != b"\n":
                text = "\n" + text
        file.write(text.encode())
