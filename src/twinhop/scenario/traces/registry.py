"""The formats of traces by name: a further one is one file with a reader, and one entry here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.byte_blocks import decoded_head, encoding_of, head
from twinhop.io.file_kind import describe_file
from twinhop.io.parquet import parquet_columns
from twinhop.io.table import sniff
from twinhop.scenario.column_names import ColumnChoice, quantities_of
from twinhop.scenario.traces.bonnmotion import is_bonnmotion, read_bonnmotion
from twinhop.scenario.traces.fcd_table import marks_of, read_fcd_csv, read_fcd_parquet
from twinhop.scenario.traces.fcd_xml import read_fcd_xml
from twinhop.scenario.traces.gpx import read_gpx
from twinhop.scenario.traces.ns2 import is_ns2, read_ns2
from twinhop.scenario.traces.plt import is_plt, read_plt
from twinhop.scenario.traces.porto import is_porto, read_porto
from twinhop.scenario.traces.position_table import (
    has_one_user,
    position_columns,
    read_positions_csv,
    read_positions_parquet,
)
from twinhop.scenario.traces.records import Reading, ReadOptions, Roster
from twinhop.scenario.traces.t_drive import is_t_drive, read_t_drive
from twinhop.scenario.traces.tables import EXPECTED
from twinhop.scenario.traces.trace import is_trace
from twinhop.scenario.traces.walks import is_walk, read_walk
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
        takes: options that mean something for it, of `OPTIONS`.
    """

    about: str
    read: Callable[..., Reading]
    takes: tuple[str, ...] = ()


OPTIONS = {
    "step_s": "which states its times",
    "time_unit": "which says what its times are",
    "time_format": "which says how its dates are written",
    "columns": "which has columns of its own",
}
"""Options of readers, and why the others have no use for them."""
TABLE = ("time_unit", "time_format", "columns")


TRACE_FORMATS = {
    "fcd-xml": TraceFormat("SUMO floating car data, XML", read_fcd_xml, takes=("time_unit",)),
    "fcd-csv": TraceFormat("SUMO floating car data, CSV", read_fcd_csv, takes=("time_unit",)),
    "fcd-parquet": TraceFormat("SUMO floating car data, Parquet", read_fcd_parquet, takes=("time_unit",)),
    "csv": TraceFormat("CSV with id, time_s and x_m, y_m or lat, lon", read_positions_csv, takes=TABLE),
    "parquet": TraceFormat("Parquet with the columns of csv", read_positions_parquet, takes=TABLE),
    "gpx": TraceFormat("GPX tracks", read_gpx),
    "walk": TraceFormat(
        "iFogSim2 walk: CSV with Latitude, Longitude, a row a step", read_walk, takes=("step_s", "columns")
    ),
    "bonnmotion": TraceFormat("BonnMotion, NAME.movements(.gz)", read_bonnmotion),
    "ns2": TraceFormat("ns-2 movement, set X_ and setdest", read_ns2),
    "plt": TraceFormat("PLT of Geolife and OziExplorer, a file or a folder", read_plt),
    "porto": TraceFormat("taxis of Porto, CSV with TAXI_ID, TIMESTAMP, POLYLINE", read_porto, takes=("step_s",)),
    "t-drive": TraceFormat(
        "T-Drive, rows taxi,time,longitude,latitude, a file or a folder",
        read_t_drive,
        takes=("time_unit", "time_format"),
    ),
}


TEXT_FORMATS = ("fcd-csv", "csv", "walk", "bonnmotion", "ns2", "plt", "porto", "t-drive")
"""Formats whose files end with any line, so that nothing but a last line without an end shows that they were cut."""


def format_of(path: Path, name: str | None, choice: ColumnChoice) -> str:
    """The name of the format of a file: the one asked for, or what its first bytes show.

    Args:
        path: the file.
        name: the one asked for; None: told by the file.
        choice: which columns of a table give what, where their names do not tell.

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
    if path.is_dir():
        return _sniffed_folder(path)
    trace_format = _sniffed(path, head(path, EXPECTED), choice)
    if trace_format is None:
        formats = "; ".join(f"{name} ({each.about})" for name, each in TRACE_FORMATS.items())
        raise InputError(
            f"{path}: not a trace: found {describe_file(path)}; expected one of {formats}; of a table with other "
            "columns, --columns user=...,time=...,lat=...,lon=... says which give what"
        )
    return trace_format


def _sniffed_folder(path: Path) -> str:
    """The format of the files in a folder.

    Raises:
        InputError: they are of none that come in folders.
    """
    for pattern, name in (("*.plt", "plt"), ("*.txt", "t-drive")):
        if next(path.rglob(pattern), None) is not None:
            return name
    raise InputError(f"{path}: is a folder; expected {EXPECTED}, or a folder of .plt files or of T-Drive's .txt files")


def _sniffed(path: Path, beginning: bytes, choice: ColumnChoice) -> str | None:
    if beginning.startswith(PARQUET_MAGIC):
        names = list(parquet_columns(path))
        if is_trace(path):
            raise InputError(f"{path}: is a trace of twinhop already; name it in movement.trace.file of a scenario")
        if marks_of(names):
            return "fcd-parquet"
        table = _sniffed_table(path, names, choice)
        return "parquet" if table == "csv" else None
    if beginning.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _sniffed_xml(beginning)
    if encoding_of(beginning) is None:
        return None
    text = decoded_head(path, EXPECTED)[1]
    if text.lstrip().startswith("<"):  # in two bytes a character
        return _sniffed_xml(text.encode())
    for name, is_it in (("plt", is_plt), ("ns2", is_ns2), ("bonnmotion", is_bonnmotion), ("t-drive", is_t_drive)):
        if is_it(text):
            return name
    return _sniffed_table(path, sniff(path, EXPECTED).columns, choice)


def _sniffed_table(path: Path, columns: Sequence[str], choice: ColumnChoice) -> str | None:
    if marks_of([name.lower() for name in columns]):
        return "fcd-csv"
    if is_porto(columns):
        return "porto"
    positions = position_columns(columns, choice, f"{path}:1")
    if positions is not None and ("id" in positions.index_of or has_one_user(columns, positions)):
        return "csv"
    if is_walk(columns, choice):
        return "walk"
    quantities = {each for name in columns for each in quantities_of(name)}
    if positions is not None or {"lat", "lon"} <= quantities or {"x", "y"} <= quantities:
        missing = "users" if positions is not None else "times" if choice.column_of else "users and times"
        form = "parquet" if path.suffix == ".parquet" else "csv"
        raise InputError(
            f"{path}: has positions, but no column that is known to give {missing}: found the columns "
            f"{', '.join(columns)[:200]}; --columns user=...,time=... says which do, --trace-format {form} that all "
            "rows are one user's, --trace-format walk that they also have no times"
        )
    return None


def _sniffed_xml(beginning: bytes) -> str:
    """The format by the outermost element; floating car data, whose reader says what is wrong, where it is another."""
    match = OUTERMOST.search(COMMENTS.sub(b"", beginning))
    return "gpx" if match and match[1].rpartition(b":")[2] == b"gpx" else "fcd-xml"


def read_trace(path: Path, name: str, roster: Roster, options: ReadOptions) -> Reading:
    """Begin to read a file.

    Args:
        path: the file.
        name: of its format.
        roster: numbers the users.
        options: what the file does not say.

    Raises:
        InputError: the file is not of that format, or an option has no effect on it.
    """
    trace_format, step_s = TRACE_FORMATS[name], options.step_s
    for option, why in OPTIONS.items():
        value = options.columns.column_of if option == "columns" else getattr(options, option)
        if value not in (None, {}) and option not in trace_format.takes:
            raise InputError(f"--{option.replace('_', '-')}: has no effect on {name}, {why}; leave it out")
    if step_s is not None and not 0 < step_s < float("inf"):
        raise InputError(f"--step-s: must be greater than 0 s (got {step_s:g})")
    return trace_format.read(path, roster, options)
