"""The formats of traces by name: a further one is one file with a reader, and one entry here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.file_kind import describe_file
from twinhop.scenario.traces.fcd_table import marks_of, read_fcd_csv, read_fcd_parquet
from twinhop.scenario.traces.fcd_xml import read_fcd_xml
from twinhop.scenario.traces.gpx import read_gpx
from twinhop.scenario.traces.parquet import parquet_columns
from twinhop.scenario.traces.position_table import position_columns, read_positions_csv, read_positions_parquet
from twinhop.scenario.traces.records import Reading, Roster
from twinhop.scenario.traces.source import head
from twinhop.scenario.traces.tables import header_of
from twinhop.scenario.traces.trace import is_trace
from twinhop.scenario.traces.walks import read_walk
from twinhop.text import suggestion

PARQUET_MAGIC = b"PAR1"
OUTERMOST = re.compile(rb"<([A-Za-z_][\w.:-]*)")
COMMENTS = re.compile(rb"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class TraceFormat:
    """One format.

    Attributes:
        about: what it is, for the help.
        read: the reader.
        has_steps: whether the reader takes `step_s`, since the format has no times.
    """

    about: str
    read: Callable[..., Reading]
    has_steps: bool = False


TRACE_FORMATS = {
    "fcd-xml": TraceFormat("SUMO floating car data, XML", read_fcd_xml),
    "fcd-csv": TraceFormat("SUMO floating car data, CSV", read_fcd_csv),
    "fcd-parquet": TraceFormat("SUMO floating car data, Parquet", read_fcd_parquet),
    "csv": TraceFormat("CSV with id, time_s and x_m, y_m or lat, lon", read_positions_csv),
    "parquet": TraceFormat("Parquet with the columns of csv", read_positions_parquet),
    "gpx": TraceFormat("GPX tracks", read_gpx),
    "walk": TraceFormat("iFogSim2 walk: CSV with Latitude, Longitude, a row a step", read_walk, has_steps=True),
}


def format_of(path: Path, name: str | None) -> str:
    """The name of the format of a file: the one asked for, or what its first bytes show.

    Raises:
        InputError: the name is unknown, or the file is of none of the formats.
    """
    if name is not None:
        if name not in TRACE_FORMATS:
            accepted = ", ".join(TRACE_FORMATS)
            raise InputError(
                f"--trace-format: unknown format {name[:40]!r}; {suggestion(name, TRACE_FORMATS)}accepted: {accepted}"
            )
        return name
    trace_format = _sniffed(path, head(path))
    if trace_format is None:
        formats = "; ".join(f"{name} ({each.about})" for name, each in TRACE_FORMATS.items())
        raise InputError(f"{path}: not a trace: found {describe_file(path)}; expected one of {formats}")
    return trace_format


def _sniffed(path: Path, beginning: bytes) -> str | None:
    if beginning.startswith(PARQUET_MAGIC):
        names = list(parquet_columns(path))
        if is_trace(path):
            raise InputError(f"{path}: is a trace of twinhop already; name it in movement.trace.file of a scenario")
        if marks_of(names):
            return "fcd-parquet"
        return "parquet" if position_columns(names) else None
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _sniffed_xml(beginning)
    columns = header_of(path)[1]
    if marks_of(columns):
        return "fcd-csv"
    if position_columns(columns):
        return "csv"
    return "walk" if {"latitude", "longitude"} <= set(columns) else None


def _sniffed_xml(beginning: bytes) -> str:
    """The format by the outermost element; floating car data, whose reader says what is wrong, where it is another."""
    match = OUTERMOST.search(COMMENTS.sub(b"", beginning))
    return "gpx" if match and match[1].rpartition(b":")[2] == b"gpx" else "fcd-xml"


def read_trace(path: Path, name: str, roster: Roster, step_s: float | None) -> Reading:
    """Begin to read a file.

    Args:
        path: the file.
        name: of its format.
        roster: numbers the users.
        step_s: time from row to row, for formats without times [s].

    Raises:
        InputError: the file is not of that format, or the format has times and a step was given.
    """
    trace_format = TRACE_FORMATS[name]
    if step_s is not None:
        if not trace_format.has_steps:
            raise InputError(f"--step-s: has no effect on {name}, which states its times; leave it out")
        if not 0 < step_s < float("inf"):
            raise InputError(f"--step-s: must be greater than 0 s (got {step_s:g})")
        return trace_format.read(path, roster, step_s)
    return trace_format.read(path, roster)
