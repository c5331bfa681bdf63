"""`twinhop import csv`: a scenario from two tables."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: twinhop import csv --stations stations.csv --users users.csv --out city.yaml"


def run(
    stations: Annotated[Path, typer.Option(help="CSV with id,x_m,y_m or id,lat,lon.")],
    users: Annotated[Path, typer.Option(help="CSV with id,x_m,y_m or id,lat,lon.")],
    out: Annotated[Path, typer.Option(help="Scenario file to write.")],
    preset: Annotated[str, typer.Option(help="Constants that no column gives: family (scaled) or lu2021.")] = "family",
    name: Annotated[str | None, typer.Option(help="Name of the scenario.", show_default=False)] = None,
    seed: Annotated[int, typer.Option(help="Root seed for what is drawn.", min=0)] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Make a scenario from stations and users in CSV files.

    Optional columns: stations cpu_gcycles_per_s, capacity_users, opening_s, host; users history_mbit, update_mbit,
    deadline_ms, tx_power_w.
    """
    from twinhop.scenario import import_csv, save_scenario

    scenario = import_csv(stations, users, preset=preset, name=name or out.stem, seed=seed)
    save_scenario(scenario, out, overwrite=force)
    typer.echo(f"wrote {out}")
