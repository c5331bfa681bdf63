"""Some minutes of San Francisco: a scenario, and the trace that moves its taxis from cell to cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.scenario.files.dump import save_scenario
from twinhop.scenario.importers.sf_cells import (
    ATTRIBUTION,
    PRESENCE_SHARE,
    CellRecord,
    IntArray,
    busiest_cells,
    nearest_cell,
    read_record,
    scenario_of_cells,
)
from twinhop.scenario.sanity import ImportSummary
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.traces.importing import ImportOptions, save_reading
from twinhop.scenario.traces.records import USER, Batch, Reading, Roster

MINUTE_S = 60.0
MIGRATION_PRESET = "sf-taxis-midday"
"""Constants by which migration policies are compared; the radio link is so wide that it takes nanoseconds."""
FORMAT = "sf-cells"


def save_sf_taxis(
    cells: str | Path,
    serving: str | Path,
    out: str | Path,
    *,
    from_minute: int,
    to_minute: int,
    past_from: int | None = None,
    throughout: bool = False,
    chosen_by: tuple[int, int] | None = None,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
    overwrite: bool = False,
    on_summary: Callable[[ImportSummary], None] | None = None,
) -> Path:
    """Write a scenario of some minutes of serving cells, and beside it the trace that moves its users.

    Stations are the busiest cells that carry 99 % of the users' presence in those minutes; a taxi served by another
    cell stands at the kept cell nearest to it. Slots are minutes, and users access the station at which they stand.

    Args:
        cells: CSV with ``cell,lat,lon``; cells count from 1.
        serving: ``.npz`` with ``serving`` (minutes, users): the serving cell, 0 where absent.
        out: the scenario file; the trace has the same name, ending in ``.parquet``.
        from_minute: first row of ``serving``.
        to_minute: last row, included.
        past_from: an earlier row, from which on the trace tells where these users were before; None: it does not.
        throughout: whether to leave out taxis that are absent in any of the minutes.
        chosen_by: first and last row of other minutes by which users and stations are chosen, so that nothing of the
            run decides who and what is in it; None: the minutes of the run. Taxis never seen in the run are left out.
        preset: constants the data do not give: ``family`` (scaled), ``lu2021``, or ``sf-taxis-midday``, those by which
            migration policies are compared.
        name: of the scenario.
        seed: root seed.
        attribution: further sources to name in reports.
        overwrite: whether existing files may be replaced.
        on_summary: told what was understood, once both files are written.

    Returns:
        The trace.

    Raises:
        InputError: a file is not of this layout, a cell or minute is out of range, nobody is present, or a file cannot
            be written; then neither is.
    """
    target = Path(out)
    trace = target.with_suffix(".parquet")
    if trace == target:
        raise InputError(
            f"{target}: the scenario needs a name that ends in .yaml; the trace beside it ends in .parquet"
        )
    record = read_record(Path(cells), Path(serving))
    present = _cut(record, from_minute, to_minute)
    first, last = chosen_by or (from_minute, to_minute)
    known = _cut(record, first, last) > 0
    is_known = known.all(axis=0) if throughout else known.any(axis=0)
    users = np.flatnonzero(is_known & (present > 0).any(axis=0))
    if users.size == 0:
        when = "throughout the" if throughout else "in the"
        raise InputError(f"{serving}: nobody is present {when} minutes {first} to {last}")
    served = present[:, users]
    stations = busiest_cells(record.present[first : last + 1, users], len(record.sites.fields), PRESENCE_SHARE)
    past = _past(record, past_from, from_minute)[:, users]
    trace_section = {"file": trace.name, **({"start_s": len(past) * MINUTE_S} if len(past) else {})}
    sections: dict[str, Any] = {
        "movement": {"slot_s": MINUTE_S, "slots": len(served), "trace": trace_section},
        "radio": {"access": "nearest"},
    }
    if preset == MIGRATION_PRESET:
        preset, sections = "family", migration_constants(users.size, sections)
    city = scenario_of_cells(
        record,
        stations,
        users,
        served[(served > 0).argmax(axis=0), np.arange(users.size)],
        name=name or f"san-francisco-{from_minute}-{to_minute}",
        preset=preset,
        seed=seed,
        sections=sections,
        attribution=attribution,
    )
    scenario = city.scenario
    host = np.searchsorted(stations, nearest_cell(record.sites.positions, stations))
    stated = np.concatenate([past, served])
    with replacing(trace, overwrite=overwrite) as temporary:
        _save_trace(scenario, users, np.where(stated > 0, host[stated - 1], -1), Path(serving), temporary, attribution)
        save_scenario(scenario, target, overwrite=overwrite)
    if on_summary is not None:
        on_summary(city.summary)
    return trace


def migration_constants(n_users: int, sections: dict[str, Any]) -> dict[str, Any]:
    """The sections of the preset `sf-taxis-midday`, in file units, besides those given.

    Updates of 0.1 to 1 Mbit at 50 cycles/bit, twins of 5 to 20 Mbit, wires of 2e-11 s/(bit m), CPUs of 8 to 24
    Gcycle/s; an open host costs 0.3/N s per slot, a move 0.05 s and the way of the twin; no radio, deadlines or energy.

    Args:
        n_users: N.
        sections: fields of sections, to which these are added.
    """
    return sections | {
        "radio": sections["radio"] | {"bandwidth_mhz": 1e9, "bandwidth_rule": "full"},
        "backhaul": {"latency_s_per_bit_m": 2e-11},
        "stations": {"cpu_gcycles_per_s": {"uniform": [8, 24]}, "capacity_users": "all"},
        "users": {"update_mbit": {"uniform": [0.1, 1]}, "history_mbit": {"uniform": [5, 20]}},
        "objective": {"deadlines": False, "kappa_s_per_j": 0.0},
        "migration": {"opening_s": 0.3 / n_users, "move_s": 0.05},
    }


def _cut(record: CellRecord, first: int, last: int) -> IntArray:
    """The minutes asked for."""
    if not 0 <= first <= last < len(record.present):
        raise InputError(
            f"{record.serving}: has the minutes 0 to {len(record.present) - 1}; from {first} to {last} is not in them, "
            "or the wrong way round"
        )
    return record.present[first : last + 1]


def _past(record: CellRecord, first: int | None, end: int) -> IntArray:
    """The minutes before the run that the trace tells of."""
    first = end if first is None else first
    if not 0 <= first <= end:
        raise InputError(f"{record.serving}: the past from minute {first} on must begin at 0 or later, and by {end}")
    return record.present[first:end]


def _save_trace(
    scenario: Scenario, users: IntArray, host: IntArray, source: Path, out: Path, attribution: Sequence[str]
) -> None:
    """Write where users are: at a station from each minute on, for a minute."""
    station_xy_m = np.array([(row.x_m, row.y_m) for row in scenario.stations.rows or ()])
    roster = Roster(str(source))
    code = np.array([roster.codes(USER)[f"taxi{each}"] for each in users], np.int32)

    def batches() -> Iterator[Batch]:
        for minute, stations in enumerate(host):
            at = np.flatnonzero(stations >= 0)
            time_s, xy_m = minute * MINUTE_S, station_xy_m[stations[at]]
            yield Batch(code[at], np.full(at.size, time_s), xy_m[:, 0], xy_m[:, 1], time_s, time_s)

    origin = scenario.area.origin
    assert origin is not None
    options = ImportOptions(origin=(origin.lat_deg, origin.lon_deg), attribution=(*ATTRIBUTION, *attribution))
    reading = Reading(batches(), is_geographic=False, held_s=MINUTE_S)
    save_reading(reading, roster, source, FORMAT, out, options, overwrite=True)
