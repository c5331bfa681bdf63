"""docs/simulate.md explains every field, column and constant, and states the numbers of the code."""

import errno
import json
import os
import re

import polars as pl
import pytest
from blocks import ROOT, blocks
from outputs import run_twinhop

from twinhop.runs import simulation_tables
from twinhop.runs.parted_table import PartedTable
from twinhop.runs.simulation import OFFLINE_TIME_LIMIT_S, simulate
from twinhop.runs.simulation_summary import PING_PONG_SLOTS

PAGE = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated")
    simulation = simulate("lu2021-n80-m5", ["stay"], slots=2, bound=True, time_limit_s=2, out=folder)
    return json.loads(json.dumps(simulation.to_json())), folder


def names(text):
    return set(re.findall(r"`([a-z0-9_]+)`", text))


def keys(value):
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_every_field_is_explained(simulated):
    section = PAGE.partition("## What is reported")[2].partition("\n## ")[0]
    assert keys(simulated[0]) <= names(section)


@pytest.mark.parametrize("table", ["users", "stations", "slots"])
def test_every_column_is_explained(simulated, table):
    (row,) = re.findall(rf"^\| `{table}\.parquet` .*$", PAGE, re.MULTILINE)
    assert set(pl.read_parquet_schema(simulated[1] / "seed-0" / "stay" / f"{table}.parquet")) <= names(row)


def test_what_costs_are_computed_from_is_explained(simulated):
    section = PAGE.partition("### Costs from outside")[2].partition("\n### ")[0]
    run = simulated[1] / "seed-0" / "stay"
    constants = json.loads((run / "summary.json").read_text())["constants"]
    assert json.loads(pl.read_parquet_metadata(run / "world.parquet")["twinhop"]) == constants
    assert set(pl.read_parquet_schema(run / "world.parquet")) | set(constants) <= names(section)


def test_every_file_is_named(simulated):
    files = {path.name for path in simulated[1].rglob("*") if path.is_file()}
    assert len(files) == 19 and all(f"`{name}`" in PAGE or f"/{name}`" in PAGE for name in files)


def test_a_full_disk_is_told_as_the_page_tells_it(tmp_path, monkeypatch):
    write = PartedTable.write

    def fill(table, frame):
        if frame["slot"][0] >= 2 * simulation_tables.PART_SLOTS:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(table, frame)

    monkeypatch.setattr(simulation_tables, "PART_SLOTS", 5)
    monkeypatch.setattr(PartedTable, "write", fill)
    printed, code = run_twinhop("simulate lu2021-n80-m5 --policies stay --slots 20 --out out".split(), tmp_path)
    (shown,) = blocks(ROOT / "docs" / "simulate.md", "text")
    assert (code, printed.replace("slots 0 to 9 ", "slots 0 to 149 ")) == (2, shown)


def test_the_numbers_are_those_of_the_code():
    assert f"at most {PING_PONG_SLOTS} slots later" in PAGE
    assert f"in parts of {simulation_tables.PART_SLOTS} slots" in PAGE
    assert f"{OFFLINE_TIME_LIMIT_S:g} s without it" in PAGE
