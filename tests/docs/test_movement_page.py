"""docs/movement.md explains every statistic, every column and every kind, with the numbers of the code."""

import re

import polars as pl
import pytest
from blocks import ROOT, blocks

from twinhop.runs import film
from twinhop.runs.world import watch
from twinhop.scenario import parse_scenario
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS, CpuDynamics, Movement

PAGE = (ROOT / "docs" / "movement.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """The example of the page, a few slots of it, and its folder."""
    folder = tmp_path_factory.mktemp("world")
    scenario = parse_scenario(blocks(ROOT / "docs" / "movement.md", "yaml")[0])
    movement = scenario.movement.model_copy(update={"horizon_s": None, "slots": 3})
    return watch(scenario.model_copy(update={"movement": movement}), folder, "none")[0].to_json(), folder


def names(text):
    return set(re.findall(r"`([a-z0-9_]+)`", text))


def test_every_statistic_is_explained(watched):
    table = PAGE.partition("## What is reported")[2].partition("\n## ")[0]
    inner = {key for value in watched[0].values() if isinstance(value, dict) for key in value}
    assert set(watched[0]) | inner <= names(table)


@pytest.mark.parametrize("file", ["world", "stations"])
def test_every_column_is_explained(watched, file):
    assert set(pl.read_parquet(watched[1] / f"{file}.parquet").columns) <= names(PAGE)


def test_the_numbers_are_those_of_the_code():
    assert f"after the {EPISODE_SLOTS} slots of the paper's episodes" in PAGE
    assert f"trails of {film.WORLD_TRAILS} users, and `world.gif` {film.FRAMES}\nslots" in PAGE
    cpu = CpuDynamics(kind="ar1")
    assert f"within bounds, {cpu.min_gcycles_per_s:g} and {cpu.max_gcycles_per_s:g} Gcycle/s by default" in PAGE
    assert set(Movement.model_fields) <= names(PAGE) | {"model", "trace", "slots"} | set(
        re.findall(r"^  (\w+):", PAGE, re.M)
    )
