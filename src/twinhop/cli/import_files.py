"""`twinhop import NAME`: one command for each importer of the table below."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from twinhop.text import suggestion

if TYPE_CHECKING:
    from twinhop.scenario.sanity import ImportSummary


@dataclass(frozen=True)
class Importer:
    """One importer and the options of its command.

    Attributes:
        function: ``module:function``, imported when the command runs; it is given the options by name.
        about: what the command says of itself.
        options: name to type, help, and default where there is one.
        example: shown below the help.
        makes_problem: whether the function takes FILE and makes a placement problem rather than a scenario.
    """

    function: str
    about: str
    options: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    example: str = ""
    makes_problem: bool = False

    def load(self) -> Callable[..., Any]:
        """The function itself."""
        module, name = self.function.split(":")
        return getattr(import_module(module), name)


class Decimals(StrEnum):
    """Marks of decimals."""

    POINT = "."
    COMMA = ","


class HoursScales(StrEnum):
    """What the numbers of a table of hours multiply: the users of each row, whether they are there, or their sizes."""

    WEIGHT = "weight"
    USERS = "users"
    SIZES = "sizes"


#: Options that importers share.
COLUMNS = (
    str | None,
    "Which column gives what, and what is computed of columns, such as user=uid,lat=breite,cpu=cores*3,"
    "history_mbit=size[MB]; told by their names if missing.",
    None,
)
LABELS = (str | None, "Further columns to keep as labels, or none; all if missing.", None)
CRS = (str | None, "Coordinate system of the positions, such as EPSG:25832.", None)
CURRENCY = (str | None, "Currency of cost_per_month, such as EUR; the cost is then in money.", None)
SECOND_VALUE = (float | None, "What one second less of mean latency is worth, per user and month.", None)
SKIP_BAD = (bool, "Leave out rows that cannot be used, and count them.", False)

#: The importers by name: a new one is one file and one entry here.
IMPORTERS = {
    "csv": Importer(
        "twinhop.scenario:csv_city",
        "Make a scenario from tables of stations and users, as CSV in whatever dialect or Excel workbooks "
        "(sites.xlsx, or sites.xlsx#Sheet where there are several). Optional columns: stations "
        "cpu_gcycles_per_s, capacity_users, opening_s or cost_per_month, host; users history_mbit, update_mbit, "
        "deadline_ms, tx_power_w, class, weight (users that the row stands for).",
        {
            "stations": (Path, "Table with id,x_m,y_m or id,lat,lon."),
            "users": (Path, "Table with id,x_m,y_m or id,lat,lon."),
            "hours": (Path | None, "Table of demand by hour: id and columns 0 to 23, or id, hour and value.", None),
            "hours_scale": (HoursScales, "What its numbers multiply.", HoursScales.WEIGHT),
            "columns": COLUMNS,
            "separator": (str | None, "What stands between cells; told by the file if missing.", None),
            "decimal": (Decimals | None, "Mark of decimals, . or , ; told by the file if missing.", None),
            "crs": CRS,
            "skip_bad": SKIP_BAD,
            "labels": LABELS,
            "currency": CURRENCY,
            "second_value": SECOND_VALUE,
        },
        "twinhop import csv --stations stations.csv --users users.csv --out city.yaml",
    ),
    "geojson": Importer(
        "twinhop.scenario.importers:geojson_city",
        "Make a scenario from GeoJSON FeatureCollections of Points; properties are named as the columns of CSV files.",
        {
            "stations": (Path, "FeatureCollection of the stations."),
            "users": (Path, "FeatureCollection of the users."),
            "columns": COLUMNS,
            "crs": CRS,
            "skip_bad": SKIP_BAD,
            "labels": LABELS,
            "currency": CURRENCY,
            "second_value": SECOND_VALUE,
        },
        "twinhop import geojson --stations stations.geojson --users users.geojson --out city.yaml",
    ),
    "eua": Importer(
        "twinhop.scenario.importers:eua_city",
        "Make a scenario from the EUA data set (Melbourne): sites and users.",
        {
            "stations": (Path, "CSV with SITE_ID,LATITUDE,LONGITUDE."),
            "users": (Path, "CSV with Latitude,Longitude."),
            "skip_bad": SKIP_BAD,
        },
        "twinhop import eua --stations site-optus-melbCBD.csv --users users-melbcbd-generated.csv --out melbourne.yaml",
    ),
    "ifogsim": Importer(
        "twinhop.scenario.importers:ifogsim_city",
        "Make a scenario from iFogSim2's edge resources and user locations (Melbourne).",
        {
            "stations": (Path, "CSV with ID,Latitude,Longitude,Level; gateways (level 2) become stations."),
            "users": (list[Path], "CSV with Latitude,Longitude, the path of one user; may be repeated."),
            "skip_bad": SKIP_BAD,
            "step": (int | None, "Take this row of each path; every row is a user if missing.", None),
        },
        "twinhop import ifogsim --stations edgeResources-melbCBD.csv --users usersLocation-melbCBD_1.csv "
        "--out melbourne.yaml",
    ),
    "sf-cells": Importer(
        "twinhop.scenario.importers:sf_city",
        "Make a scenario of San Francisco: taxis at the cells that serve them, in one minute, or with --from-minute "
        "and --to-minute moving from cell to cell by a trace that is written beside the scenario.",
        {
            "cells": (Path, "CSV with cell,lat,lon."),
            "serving": (Path, ".npz with serving (minutes, users): cells from 1, 0 where absent."),
            "minute": (int | None, "Row of serving; 720 if no minute is given.", None),
            "from_minute": (int | None, "First row of serving, in place of --minute.", None),
            "to_minute": (int | None, "Last row, included.", None),
            "past_from": (int | None, "Earlier row from which on the trace tells where the users were.", None),
            "throughout": (bool, "Leave out taxis that are absent in any of these minutes.", False),
        },
        "twinhop import sf-cells --cells sf_cells.csv --serving sf_serving_1min.npz --minute 720 --out sf.yaml",
    ),
}


IMPORTERS |= {
    name: Importer(
        "twinhop.placement:read_problem_file",
        about,
        options,
        example=f"twinhop import {name} {example} --out problem.npz",
        makes_problem=True,
    )
    for name, about, options, example in (
        (
            "sscflp",
            "Make a problem file from a single-source capacitated facility location file (Holmberg, OR-Library, Yang, "
            "TBED1, Díaz and Fernández); its lines tell the layout.",
            {
                "layout": (
                    str | None,
                    "Layout of the file, where its lines do not tell; with :unit, unit costs.",
                    None,
                ),
            },
            "p1",
        ),
        (
            "json",
            "Make a problem file from JSON with the same fields; null forbids an arc.",
            {},
            "problem.json",
        ),
    )
}


class ImporterGroup(TyperGroup):
    """The commands of the importers; a wrong name is answered with the right ones."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As in any group, but unknown names are refused here."""
        if args and self.get_command(ctx, args[0]) is None:
            names = self.list_commands(ctx)
            ctx.fail(f"No importer named {args[0][:40]!r}; {suggestion(args[0], names)}accepted: {', '.join(names)}")
        return super().resolve_command(ctx, args)


def add_commands(app: typer.Typer) -> None:
    """Add the command of every importer."""
    for name, importer in IMPORTERS.items():
        app.command(name, help=importer.about, epilog=f"Example: {importer.example}")(_command(name, importer))


def _command(name: str, importer: Importer) -> Callable[..., None]:
    parameters = _problem_parameters(importer) if importer.makes_problem else _scenario_parameters(importer)

    def run(**given: Any) -> None:
        if importer.makes_problem:
            _import_problem(name, importer, given)
        else:
            _import_scenario(importer, given)

    # typer reads a command's options from its signature
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _option(name: str, kind: Any, text: str, *default: Any) -> inspect.Parameter:
    declarations = (f"--{name.replace('_', '-')}",) if kind is bool else ()  # without a --no- of its own
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[kind, typer.Option(*declarations, help=text, show_default=bool(default and default[0]))],
        default=default[0] if default else inspect.Parameter.empty,
    )


def _scenario_parameters(importer: Importer) -> list[inspect.Parameter]:
    return [
        *(_option(name, *stated) for name, stated in importer.options.items()),
        _option("out", Path, "Scenario file to write."),
        _option(
            "preset",
            str,
            "Constants that the files do not give: family (scaled) or lu2021; of moving taxis also sf-taxis-midday.",
            "family",
        ),
        _option("name", str | None, "Name of the scenario.", None),
        inspect.Parameter(
            "seed",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=Annotated[int, typer.Option(help="Root seed for what is drawn.", min=0)],
            default=0,
        ),
        _option("attribution", list[str] | None, "Source and licence to name in reports; may be repeated.", None),
        _option("force", bool, "Replace an existing file.", False),
    ]


def _problem_parameters(importer: Importer) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            "path", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Path, typer.Argument(help="File to read.")]
        ),
        *(_option(name, *stated) for name, stated in importer.options.items()),
        _option("out", Path, "Problem file (.npz) to write."),
        _option("force", bool, "Replace an existing file.", False),
    ]


def _import_scenario(importer: Importer, given: dict[str, Any]) -> None:
    from twinhop.errors import InputError
    from twinhop.io.same_file import require_other_file
    from twinhop.scenario import save_scenario

    out, force = given.pop("out"), given.pop("force")
    files = {name: given.pop(name) for name in importer.options}
    require_other_file(out, _paths(files.values()))
    given = {**given, "name": given["name"] or out.stem, "attribution": tuple(given["attribution"] or ())}
    check_attribution(given["attribution"])
    if files.get("from_minute") is not None or files.get("to_minute") is not None:
        typer.echo(f"wrote {_import_minutes(files, given, out, force)}")
    else:
        if files.pop("throughout", False):
            raise InputError("--throughout: needs --from-minute and --to-minute")
        if files.pop("past_from", None) is not None:
            raise InputError("--past-from: needs --from-minute and --to-minute")
        stated = {name: value for name, value in files.items() if value is not None}
        city = importer.load()(**stated, **given)
        print_summary(out, city.summary)
        save_scenario(city.scenario, out, overwrite=force)
    typer.echo(f"wrote {out}")


def _paths(values: Iterable[Any]) -> list[Path]:
    """The files among the values of options, which may be lists of them; of workbooks without the sheet."""
    from twinhop.io.workbook import split_sheet

    each = (value if isinstance(value, list) else [value] for value in values)
    return [split_sheet(path)[0] for paths in each for path in paths if isinstance(path, Path)]


def print_summary(out: Path, summary: "ImportSummary") -> None:
    """What was understood of files, as a table, and what is worth a note."""
    from twinhop.cli.common import print_notes, print_table

    print_table(str(out), ("scenario", ""), summary.lines())
    print_notes(summary.notes)


def _import_minutes(files: dict[str, Any], given: dict[str, Any], out: Path, force: bool) -> Path:
    """San Francisco over some minutes: the scenario and, which is returned, its trace."""
    from twinhop.errors import InputError
    from twinhop.scenario.importers import save_sf_taxis

    if files.pop("minute") is not None or None in (files["from_minute"], files["to_minute"]):
        raise InputError("give --minute, or both --from-minute and --to-minute")
    return save_sf_taxis(**files, **given, out=out, overwrite=force, on_summary=partial(print_summary, out))


def check_attribution(lines: Sequence[str]) -> None:
    """Refuse lines that a scenario would, by the option that gave them."""
    from pydantic import TypeAdapter, ValidationError

    from twinhop.errors import InputError
    from twinhop.scenario.fields import Text

    for line in lines:
        try:
            TypeAdapter(Text).validate_python(line)
        except ValidationError as error:
            raise InputError(f"--attribution: {error.errors()[0]['msg']}") from None


def _import_problem(problem_format: str, importer: Importer, given: dict[str, Any]) -> None:
    from twinhop.cli.common import print_notes
    from twinhop.io.same_file import require_other_file
    from twinhop.placement import save_problem

    require_other_file(given["out"], [given["path"]])
    details = [given[name] for name in importer.options if given[name]]
    file = importer.load()(given["path"], ":".join([problem_format, *details]))
    save_problem(file.problem, given["out"], overwrite=given["force"])
    print_notes(file.notes)
    typer.echo(f"wrote {given['out']}")
