"""A recorded run as a world that `simulate` prices: what was recommended, what was in force, what others would do."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.errors import InputError
from twinhop.live.control.recording import CITY, COLUMNS_OF_SLOTS, RECORD_VERSION, SLOT_LINES, SLOTS, runs_of
from twinhop.live.control.standing import like_of
from twinhop.migration.policy import PolicyLike
from twinhop.migration.situation import Situation
from twinhop.own_code import policy_list
from twinhop.placement.problem import IntArray
from twinhop.runs.simulation import DEFAULT_POLICIES, Simulation, simulate
from twinhop.scenario import Scenario, load_scenario, save_scenario
from twinhop.scenario.schema.movement_section import Failures, Movement, Outage, TraceFile
from twinhop.scenario.traces.resample import LOAD_COLUMN
from twinhop.scenario.traces.trace import COLUMNS, METADATA_KEY, TraceAbout
from twinhop.text import counted

if TYPE_CHECKING:
    import polars as pl

SCENARIO_FILE, TRACE_FILE = "scenario.yaml", "trace.parquet"
RECOMMENDED, IN_FORCE = "recommended", "in_force"
#: A user counts as present in the slots of its records alone: gaps longer than this share of a slot are not bridged.
GAP_SHARE = 0.5
_TABLE = re.compile(r"(\d{6})(?:-(\d{6}))?\.parquet")
#: Runs that a message names.
SHOWN = 3


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """A run as it was recorded.

    Attributes:
        folder: where it is.
        city: the city as it stands.
        slots: T, from 0 to the last that is whole.
        records: a row a user and slot; see `Recording`.
        down: slot -> stations that did not work.
        notes: what is missing.
    """

    folder: Path
    city: Scenario
    slots: int
    records: pl.DataFrame = field(repr=False)
    down: Mapping[int, tuple[str, ...]] = field(repr=False)
    notes: tuple[str, ...] = ()

    @property
    def slot_s(self) -> float:
        """Length of a slot [s]."""
        assert self.city.movement is not None
        return self.city.movement.slot_s

    @property
    def placed_share(self) -> float:
        """The share of visits whose twin had a host in force [1]."""
        return float((self.records["owner"] != "").mean() or 0.0)  # pyright: ignore[reportArgumentType]

    def write(self, folder: Path) -> Path:
        """Write the run as a scenario with a trace.

        Args:
            folder: which is there; files of a run in it are replaced.

        Returns:
            The scenario file.
        """
        _write_trace(self, folder / TRACE_FILE)
        listed = {row.id: at for at, row in enumerate(self.city.users.rows or ())}
        rows = self.city.users.rows or ()
        users = [
            rows[like_of(user, listed)].model_copy(update={"id": user})
            for user in self.records["user"].unique().sort().to_list()
        ]
        movement = self.city.movement or Movement()
        scenario = self.city.model_copy(
            update={
                "users": self.city.users.model_copy(update={"rows": tuple(users)}),
                "movement": movement.model_copy(
                    update={"slots": self.slots, "trace": TraceFile(file=TRACE_FILE), "failures": _failures(self)}
                ),
            }
        )
        save_scenario(scenario, folder / SCENARIO_FILE, overwrite=True)
        return folder / SCENARIO_FILE

    def policies(self) -> list[RecordedPolicy]:
        """What was recommended, and what was in force where anything was."""
        made = [RecordedPolicy(RECOMMENDED, self._hosts("recommended"))]
        if self.placed_share > 0:
            made.append(RecordedPolicy(IN_FORCE, self._hosts("owner")))
        return made

    def _hosts(self, column: str) -> dict[int, dict[str, str]]:
        slot = (self.records["time_s"] / self.slot_s).round().cast(int)
        hosts: dict[int, dict[str, str]] = {}
        for at, user, host in zip(slot.to_list(), self.records["user"], self.records[column], strict=True):
            if host:
                hosts.setdefault(at, {})[user] = host
        return hosts


class RecordedPolicy:
    """Decides what was decided: a migration policy of the recorded run.

    Args:
        name: in tables.
        hosts: slot -> user -> host; who is in none is left to the simulator, which takes the host that costs least.
    """

    def __init__(self, name: str, hosts: Mapping[int, Mapping[str, str]]) -> None:
        self.name, self._hosts = name, hosts

    def decide(self, situation: Situation) -> IntArray:
        """The hosts (n,) of the slot."""
        index = {name: at for at, name in enumerate(situation.hosts.ids)}
        hosts, ids = self._hosts.get(situation.index, {}), situation.all_users.ids
        return np.array([index.get(hosts.get(ids[user], ""), -1) for user in situation.users.tolist()], np.int64)


def read_recording(folder: str | Path) -> RecordedRun:
    """A run, as far as it was recorded: a slot that was partly written is left out.

    Raises:
        InputError: the folder holds no run, one of a newer version, or none with a whole slot.
    """
    import polars as pl

    where = Path(folder)
    lines = _lines(where)
    city = load_scenario(where / CITY)
    tables, notes = [], []
    for path in _tables(where / SLOTS):
        try:
            table = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError):
            table = None
        if table is not None and {name: str(kind) for name, kind in table.schema.items()} == COLUMNS_OF_SLOTS:
            tables.append(table)
        else:
            notes.append(f"{path.name}: is damaged, and left out")
    slots = {line["slot"] for line in lines}
    movement = city.movement or Movement()
    records = pl.concat(tables) if tables else pl.DataFrame({"time_s": [], "user": []})
    slot = (records["time_s"] / movement.slot_s).round().cast(int)
    records = records.filter(slot.is_in(sorted(slots))).sort("time_s", "user")
    if notes and not tables:
        raise InputError(f"{where}: no table of a slot can be read; {notes[0]}; restore the folder from a backup")
    if not len(records):
        raise InputError(f"{where}: nobody was there in any slot that was recorded whole; choose a longer run")
    return RecordedRun(
        where,
        city.model_copy(update={"name": f"{city.name}, {where.name}"}),
        max(slots) + 1,
        records,
        {line["slot"]: tuple(line["down"]) for line in lines if line["down"]},
        tuple(notes),
    )


def replay(folder: str | Path, policies: str | Sequence[PolicyLike] = DEFAULT_POLICIES, **options: Any) -> Simulation:
    """Price a recorded run: what was recommended, what was in force, and what other policies would have done in it.

    Args:
        folder: of the run.
        policies: others; see `simulate`.
        **options: of `simulate`: `slots`, `bound`, `time_limit_s`, `out`, `jobs`, `animation`, `html`, `on_progress`.

    Raises:
        InputError: the folder holds no run, or an option is wrong.
        PolicyFailed: see `simulate`.
    """
    run = read_recording(folder)
    with tempfile.TemporaryDirectory(prefix="twinhop-replay-") as aside:
        file = run.write(Path(aside))
        return simulate(file, [*run.policies(), *policy_list(policies)], notes=replay_notes(run), **options)


def replay_notes(run: RecordedRun) -> tuple[str, ...]:
    """What is to be known of a replay's rows."""
    share = run.placed_share
    notes = list(run.notes)
    if share == 0:
        notes.append("no twin was ever placed: there is no row of what was in force")
    elif share < 1:
        notes.append(
            f"in force: {100 * share:.3g} % of the visits had a host; the others take the host that costs "
            "least for them"
        )
    return tuple(notes)


def _lines(where: Path) -> list[dict[str, Any]]:
    """The lines of slots that are whole."""
    path = where / SLOT_LINES
    if not path.is_file() or not (where / CITY).is_file():
        runs = runs_of(where) or runs_of(where / "runs")
        hint = f"; it holds {counted(len(runs), 'run')}, the last {runs[-1]}" if runs else ""
        raise InputError(f"{where}: is no recorded run of twinhop serve, DATA/runs/START{hint}")
    lines = []
    for text in path.read_bytes().split(b"\n"):
        try:
            line = json.loads(text)
            version = line["version"]
            if version != RECORD_VERSION:
                raise InputError(f"{path}: version {str(version)[:20]} is not known; this one reads {RECORD_VERSION}")
            lines.append({"slot": int(line["slot"]), "down": [str(each) for each in line["down"]]})
        except (ValueError, KeyError, TypeError):
            continue  # cut off
    return lines


def _tables(folder: Path) -> list[Path]:
    """The tables of slots; of those that were joined, the joined one alone."""
    names = {path: _TABLE.fullmatch(path.name) for path in sorted(folder.glob("*.parquet"))}
    joined = [(int(name[1]), int(name[2])) for name in names.values() if name and name[2]]
    return [
        path
        for path, name in names.items()
        if name and (name[2] or not any(first <= int(name[1]) <= last for first, last in joined))
    ]


def _write_trace(run: RecordedRun, path: Path) -> None:
    records = run.records
    about = TraceAbout(
        source=run.folder.name,
        format="twinhop serve",
        attribution=run.city.attribution,
        origin=run.city.area.origin,
        source_start_s=0.0,
        duration_s=(run.slots - 1) * run.slot_s,
        min_xy_m=_corner(records, "min"),
        max_xy_m=_corner(records, "max"),
        users=records["user"].n_unique(),
        kinds={"user": records["user"].n_unique()},
        records=len(records),
        typical_interval_s=run.slot_s,
        longest_gap_s=GAP_SHARE * run.slot_s,
    )
    records.select(*COLUMNS, LOAD_COLUMN).write_parquet(path, metadata={METADATA_KEY: about.model_dump_json()})


def _corner(records: pl.DataFrame, what: str) -> tuple[float, float]:
    x_m, y_m = (getattr(records[column], what)() for column in ("x_m", "y_m"))
    return float(x_m), float(y_m)


def _failures(run: RecordedRun) -> Failures | None:
    """The outages of stations, from the slots in which they did not work."""
    schedule, slot_s = [], run.slot_s
    for station in sorted({name for names in run.down.values() for name in names}):
        slots = [slot for slot in range(run.slots) if station in run.down.get(slot, ())]
        while slots:
            first = last = slots.pop(0)
            while slots and slots[0] == last + 1:
                last = slots.pop(0)
            schedule.append(Outage(station=station, down_s=first * slot_s, up_s=(last + 1) * slot_s))
    return Failures(schedule=tuple(schedule)) if schedule else None
