"""`twinhop scenario`: make, check, show, describe and export scenario files."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    Out,
    Seed,
    print_document,
    print_json,
    print_list,
    print_table,
    print_warnings,
    progress,
)
from twinhop.errors import InputError

app = typer.Typer(help="Make, check, show, describe and export scenario files.", no_args_is_help=True)

ScenarioSource = Annotated[str, typer.Argument(help="Scenario file (YAML) or preset name.")]


class ExportFormat(StrEnum):
    """What `scenario export` writes."""

    yaml = "yaml"
    geojson = "geojson"
    csv = "csv"
    xlsx = "xlsx"


Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]


@app.command("new", epilog="Example: twinhop scenario new city.yaml --preset city-small")
def new(
    path: Annotated[Path, typer.Argument(help="File to write.")],
    preset: Annotated[str, typer.Option(help="Preset to start from.")] = "city-small",
    force: Force = False,
) -> None:
    """Write a scenario file to edit, from a preset."""
    from twinhop.scenario import save_preset

    save_preset(preset, path, overwrite=force)
    typer.echo(f"wrote {path}")


class RegionKind(StrEnum):
    """What `scenario generate` draws."""

    city = "city"
    country = "country"


@app.command(
    "generate", epilog="Example: twinhop scenario generate city --users 1000000 --stations 1000 --out out/city"
)
def generate(
    region: Annotated[RegionKind, typer.Argument(help="What to draw: places where users gather, and roads between.")],
    out: Annotated[Path, typer.Option(help="Folder for scenario.yaml, stations.csv and users.parquet.")],
    users: Annotated[int, typer.Option(help="Users N.", min=1)] = 100_000,
    stations: Annotated[int, typer.Option(help="Stations M.", min=1)] = 200,
    seed: Annotated[int, typer.Option(help="Root seed.", min=0)] = 0,
    force: Force = False,
) -> None:
    """Write a city or country of any size: stations as CSV, users as Parquet, and the scenario file that names them."""
    from twinhop.scenario import generate_region

    with progress(f"drawing {users} users"):
        written = generate_region(out, users, stations, region=region.value, seed=seed, overwrite=force)
    for path in written:
        typer.echo(f"wrote {path}")


@app.command("check", epilog="Example: twinhop scenario check city.yaml")
def check(source: ScenarioSource) -> None:
    """Say whether a scenario file is valid, and what is wrong where."""
    from twinhop.errors import InputError
    from twinhop.scenario import build_world, load_scenario
    from twinhop.text import counted, counted_users

    world = build_world(load_scenario(source))
    if world.seats < world.people:
        raise InputError(
            f"{source}: stations: {world.seats} seats in all for {counted_users(world.people)}; raise capacity_users"
        )
    typer.echo(f"{source}: valid; {counted(len(world.station_ids), 'station')}, {counted_users(world.people)}")


@app.command("show", epilog="Example: twinhop scenario show city-small")
def show(source: ScenarioSource, seed: Seed = None, as_json: Json = False) -> None:
    """Show what a scenario describes."""
    from twinhop.scenario import load_scenario, summary
    from twinhop.scenario.world.summary import summary_rows

    facts = summary(load_scenario(source, seed))
    if as_json:
        print_json(facts)
    else:
        print_table(f"scenario {facts['source']}", ("", "value"), summary_rows(facts))


@app.command("describe", epilog="Example: twinhop scenario describe city-small --out out/city")
def describe(
    source: ScenarioSource,
    seed: Seed = None,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    as_json: Json = False,
) -> None:
    """Show what a world looks like before solving: distances, rates, latencies, load, and what makes no sense."""
    from twinhop.cli.own_files import require_own
    from twinhop.output.plans.description import fact_rows
    from twinhop.plans.describe import describe as described
    from twinhop.scenario import load_scenario

    require_own(out, "describe", force)
    with progress(f"describing {source}"):
        description = described(load_scenario(source, seed))
        written = [] if out is None else description.save(out)
    facts = description.to_json()
    if as_json:
        print_json(facts)
        return
    print_table(f"scenario {facts['source']}", ("", "mean", "p5", "p50", "p95", "max"), fact_rows(facts))
    print_warnings(description.warnings)
    for path in written:
        typer.echo(f"wrote {path}")


@app.command("export", epilog="Example: twinhop scenario export city-small --expand --out city.yaml")
def export(
    source: ScenarioSource,
    out: Annotated[
        Path | None,
        typer.Option(help="File to write, for csv a folder; standard output if missing, but for csv and xlsx."),
    ] = None,
    file_format: Annotated[
        ExportFormat,
        typer.Option("--format", help="csv writes stations.csv, users.csv and sources.txt, xlsx a sheet of each."),
    ] = ExportFormat.yaml,
    expand: Annotated[bool, typer.Option("--expand", help="Write out every generated station and user.")] = False,
    seed: Seed = None,
    force: Force = False,
) -> None:
    """Write a scenario as a file that reads back the same, or its stations and users as GeoJSON, CSV or Excel."""
    from twinhop.scenario import (
        dump_scenario,
        load_scenario,
        save_csv,
        save_geojson,
        save_scenario,
        save_xlsx,
        scenario_features,
    )
    from twinhop.scenario import expand as expanded
    from twinhop.scenario.files.export import SOURCES_FILE

    scenario = load_scenario(source, seed)
    scenario = expanded(scenario) if expand else scenario
    if file_format is ExportFormat.csv:
        if out is None:
            raise InputError("export: csv writes several files; say into which folder by --out")
        tables = save_csv(scenario, out, overwrite=force)
        for path in (*tables, *([out / SOURCES_FILE] if scenario.attribution else [])):
            typer.echo(f"wrote {path}")
    elif file_format is ExportFormat.xlsx:
        if out is None:
            raise InputError("export: xlsx is no text; say into which file by --out")
        save_xlsx(scenario, out, overwrite=force)
        typer.echo(f"wrote {out}")
    elif out is None and file_format is ExportFormat.geojson:
        print_document(scenario_features(scenario))
    elif out is None:
        typer.echo(dump_scenario(scenario), nl=False)
    else:
        save = save_geojson if file_format is ExportFormat.geojson else save_scenario
        save(scenario, out, overwrite=force)
        typer.echo(f"wrote {out}")


@app.command("schema", epilog="Example: twinhop scenario schema > scenario.schema.json")
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors that complete and check them."""
    from twinhop.scenario import json_schema

    print_document(json_schema())


@app.command("presets", epilog="Example: twinhop scenario presets")
def presets(
    benchmark: Annotated[bool, typer.Option("--benchmark", help="List the scenarios of the benchmark set.")] = False,
    as_json: Json = False,
) -> None:
    """List the presets, a line each."""
    from twinhop.scenario.presets.presets import preset_lines

    lines = preset_lines(benchmark=benchmark)
    if as_json:
        print_json({"presets": [{"name": name, "about": line} for name, line in lines.items()]})
    else:
        print_list("", [(name, [line]) for name, line in lines.items()])
