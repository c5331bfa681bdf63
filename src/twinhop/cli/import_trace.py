"""`twinhop import trace`: recorded movement into the trace that scenarios name."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import print_table

if TYPE_CHECKING:
    from twinhop.scenario.traces import ImportedTrace

EXAMPLE = "Example: twinhop import trace fcd.xml.gz --out taxis.parquet"
MOST_NOTES = 20


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
    file: Annotated[Path, typer.Argument(help="File to read, plain or gzip-compressed.")],
    out: OutTrace,
    trace_format: Annotated[
        str | None,
        typer.Option(
            help="fcd-xml, fcd-csv, fcd-parquet, csv, parquet, gpx or walk.", show_default="by the file's first bytes"
        ),
    ] = None,
    origin: Origin = None,
    coordinates: Annotated[
        Coordinates | None,
        typer.Option(help="What positions are where the file does not say.", show_default="by their range"),
    ] = None,
    step_s: Annotated[
        float | None, typer.Option(help="Time from row to row of a walk, which has none \\[s].", show_default="60")
    ] = None,
    max_gap_s: MaxGap = None,
    attribution: Attribution = None,
    force: Force = False,
) -> None:
    """Turn recorded movement (SUMO floating car data, CSV, GPX, walks) into a trace for movement.trace."""
    from twinhop.cli.import_files import check_attribution
    from twinhop.scenario.traces import ImportOptions, import_trace

    check_attribution(attribution or ())
    options = ImportOptions(
        origin=parse_origin(origin),
        coordinates=None if coordinates is None else coordinates.value,
        longest_gap_s=max_gap_s,
        attribution=tuple(attribution or ()),
    )
    show(import_trace(file, out, trace_format=trace_format, step_s=step_s, options=options, overwrite=force))


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
    about = imported.trace.about
    users = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in about.kinds.items())
    (west, south), (east, north) = about.min_xy_m, about.max_xy_m
    begins = about.source_start_date or f"{about.source_start_s:g} s of the source"
    rows = [
        ("format", about.format),
        ("users", users),
        ("records", str(about.records)),
        ("span", f"{about.duration_s:g} s, from {begins}"),
        ("interval", f"{about.typical_interval_s:.3g} s between two records of a user (median)"),
        ("area", f"x {west:.0f} to {east:.0f} m, y {south:.0f} to {north:.0f} m"),
        ("origin", "nowhere" if about.origin is None else f"{about.origin.lat_deg:g}, {about.origin.lon_deg:g}"),
    ]
    speed = imported.speed_mps
    if about.held_s is None:
        rows.append(("speed", f"median {speed.at(0.5):.3g}, 95 % {speed.at(0.95):.3g}, max {speed.largest:.3g} m/s"))
        limit = f"{about.longest_gap_s:g} s"
        rows.append(("gaps", f"{imported.bridged} of up to {limit} bridged, {imported.absent} longer: user absent"))
    else:
        rows.append(("gaps", f"{imported.absent} of more than {about.held_s:g} s: user absent"))
    print_table(str(imported.trace.path), ("trace", ""), rows)
    for note in imported.notes[:MOST_NOTES]:
        typer.echo(f"note: {note}")
    typer.echo(f"wrote {imported.trace.path}")
