"""The EUA data set: radio sites of the Melbourne central business district, and users."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinhop.scenario.files.csv_import import ImportedCity, city_of_points
from twinhop.scenario.files.csv_table import TableOptions
from twinhop.scenario.importers.points import read_foreign_table, read_user_table, table_points
from twinhop.scenario.schema.scenario import Scenario

ATTRIBUTION = (
    "Sites and users: EUA data set, https://github.com/swinedge/eua-dataset, MIT licence, (c) 2018 Swin Edge",
    "Underlying site register: Australian Communications and Media Authority (ACMA RRL), under ACMA's terms of use",
)


def import_eua(stations: str | Path, users: str | Path, **options: Any) -> Scenario:
    """Make a scenario of a file of EUA sites and one of EUA users; `eua_city` has the same arguments, and says more."""
    return eua_city(stations, users, **options).scenario


def eua_city(
    stations: str | Path,
    users: str | Path,
    *,
    skip_bad: bool = False,
    preset: str = "family",
    name: str | None = None,
    seed: int = 0,
    attribution: Sequence[str] = (),
) -> ImportedCity:
    """Make a scenario of a file of EUA sites and one of EUA users.

    Sites are named after ``SITE_ID``; users, who have no name in the data, ``u0``, ``u1``, ... as they come.

    Args:
        stations: CSV with ``SITE_ID,LATITUDE,LONGITUDE`` and any further columns.
        users: CSV with ``Latitude,Longitude``.
        skip_bad: whether rows that cannot be used are left out and counted.
        preset: constants the data do not give: ``family`` (scaled) or ``lu2021``.
        name: of the scenario; by default that of the sites' file.
        seed: root seed.
        attribution: further sources to name in reports.

    Returns:
        The scenario, and what was understood.

    Raises:
        InputError: a file is not of this layout.

    Source: Lai et al., Optimal edge user allocation in edge computing with variable sized vector bin packing (2018).
    """
    options = TableOptions(skip_bad=skip_bad)
    sites = read_foreign_table(Path(stations), ("SITE_ID", "LATITUDE", "LONGITUDE"), "a file of EUA sites", options)
    people = read_user_table(Path(users), "a file of EUA users", options)
    return city_of_points(
        table_points(sites, [row["site_id"] for row in sites.rows], skip_bad=skip_bad),
        table_points(people, [f"u{at}" for at in range(len(people.rows))], skip_bad=skip_bad),
        name=name or Path(stations).stem,
        preset=preset,
        seed=seed,
        attribution=(*ATTRIBUTION, *attribution),
    )
