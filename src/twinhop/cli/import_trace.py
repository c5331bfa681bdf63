"""`twinhop import trace`: recorded movement into the trace that scenarios name."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import Json, print_notes, print_result, print_table, progress
from twinhop.text import counted

if TYPE_CHECKING:
    from twinhop.scenario.traces import ImportedTrace

EXAMPLE = "Example: twinhop import trace fcd.xml.gz --out taxis.parquet"
MOST_NOTES = 20
"""So many are printed."""
FORMATS = (
    *("fcd-xml", "fcd-csv", "fcd-parquet", "csv", "parquet", "gpx", "walk", "bonnmotion", "ns2", "plt", "porto"),
    "t-drive",
)
"""Names of `TRACE_FORMATS`, which is not imported for the help alone."""


class Coordinates(StrEnum):
    """What the positions of a file are."""

    degrees = "degrees"
    metres = "metres"


OutTrace = Annotated[Path, typer.Option(help="Trace (Parquet) to write.")]
Origin = Annotated[
    str | None,
    typer.Option(
        metavar="LAT,LON", help="Where (0, 0) of the trace lies on Earth.", show_default="south-west of all positions"
    ),
]
MaxGap = Annotated[
    float | None,
    typer.Option(
        help="A user without records for longer is absent \\[s].",
        show_default="60, or five typical intervals if longer",
    ),
]
Attribution = Annotated[list[str] | None, typer.Option(help="Source and licence to name in reports; may be repeated.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]


def run(
    file: Annotated[
        Path, typer.Argument(help="File to read, plain or gzip-compressed; a folder of PLT or T-Drive files.")
    ],
    out: OutTrace,
    trace_format: Annotated[
        str | None,
        typer.Option(help=f"One of {', '.join(FORMATS)}.", show_default="by the file's first bytes"),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="user=...,time=...,lat=...,lon=...",
            help="Columns of a table (or x, y for metres) whose names do not tell.",
            show_default="by their names",
        ),
    ] = None,
    origin: Origin = None,
    coordinates: Annotated[
        Coordinates | None,
        typer.Option(help="What positions are where the file does not say.", show_default="by their range and speeds"),
    ] = None,
    time_unit: Annotated[
        str | None,
        typer.Option(
            help="What numbers are as times: s, ms, us, ns, min, h, days, excel (days since 1899-12-30) or digits "
            "(YYYYMMDDhhmmss).",
            show_default="by their size",
        ),
    ] = None,
    time_format: Annotated[
        str | None,
        typer.Option(
            metavar="%m/%d/%Y %H:%M:%S",
            help="How dates are written, as Python's strptime reads them.",
            show_default="ISO 8601, or by the dates",
        ),
    ] = None,
    step_s: Annotated[
        float | None,
        typer.Option(
            help="Time from row to row of a walk, or from place to place of Porto's trips \\[s].", show_default="60, 15"
        ),
    ] = None,
    max_gap_s: MaxGap = None,
    max_speed_mps: Annotated[
        float | None,
        typer.Option(
            help="Leave out records to which a user would be faster, and count them \\[m/s].", show_default="none"
        ),
    ] = None,
    sort: Annotated[bool, typer.Option("--sort", help="Take records in any order, and sort them by time.")] = False,
    skip_bad: Annotated[
        bool,
        typer.Option("--skip-bad", help="Leave out records that cannot be used, count them and show the first five."),
    ] = False,
    attribution: Attribution = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Turn recorded movement (SUMO floating car data, CSV, GPX and others) into a trace for movement.trace."""
    from twinhop.cli.import_files import check_attribution
    from twinhop.scenario.traces import ImportOptions, import_trace

    check_attribution(attribution or ())
    options = ImportOptions(
        origin=parse_origin(origin),
        coordinates=None if coordinates is None else coordinates.value,
        longest_gap_s=max_gap_s,
        attribution=tuple(attribution or ()),
        time_unit=time_unit,
        time_format=time_format,
        columns=columns,
        sort=sort,
        skip_bad=skip_bad,
        max_speed_mps=max_speed_mps,
    )
    with progress(f"reading {file}"):
        imported = import_trace(file, out, trace_format=trace_format, step_s=step_s, options=options, overwrite=force)
    print_result(imported, as_json, show)


def parse_origin(text: str | None) -> tuple[float, float] | None:
    """Latitude and longitude of an option.

    Raises:
        InputError: the text is not two numbers.
    """
    if text is None:
        return None
    try:
        lat_deg, lon_deg = (float(part) for part in text.split(","))
    except ValueError:
        from twinhop.errors import InputError

        raise InputError(f"--origin: must be LAT,LON, such as 37.77,-122.42 (got {text[:40]!r})") from None
    return lat_deg, lon_deg


def show(imported: "ImportedTrace") -> None:
    """Print what was imported."""
    about, summary = imported.trace.about, imported.summary
    (west, south), (east, north) = about.min_xy_m, about.max_xy_m
    begins = about.source_start_date or f"{about.source_start_s:g} s of the source"
    rows = [
        ("format", summary.layout),
        ("users", summary.users or "none"),
        ("records", str(about.records)),
        ("span", f"{about.duration_s:g} s, from {begins}"),
        ("interval", f"{about.typical_interval_s:.3g} s between two records of a user (median)"),
        ("units", summary.units or ""),
        *summary.facts,
        ("area", f"x {west:.0f} to {east:.0f} m, y {south:.0f} to {north:.0f} m"),
        ("origin", "nowhere" if about.origin is None else f"{about.origin.lat_deg:g}, {about.origin.lon_deg:g}"),
    ]
    speed = imported.speed_mps
    if about.held_s is None:
        rows.append(("speed", f"median {speed.at(0.5):.3g}, 95 % {speed.at(0.95):.3g}, max {speed.largest:.3g} m/s"))
        rows += [(name, value) for name, value in summary.lines() if name == "fastest user"]
        limit = f"{about.longest_gap_s:g} s"
        rows.append(("gaps", f"{imported.bridged} of up to {limit} bridged, {imported.absent} longer: user absent"))
    else:
        rows.append(("gaps", f"{imported.absent} of more than {about.held_s:g} s: user absent"))
    rows += [(name, value) for name, value in summary.lines() if name.startswith("columns")]
    print_table(str(imported.trace.path), ("trace", ""), rows)
    more = len(imported.notes) - MOST_NOTES
    print_notes(imported.notes[:MOST_NOTES])
    print_notes([f"{counted(more, 'further note')}; --json prints all"] if more > 0 else [])
    typer.echo(f"wrote {imported.trace.path}")
