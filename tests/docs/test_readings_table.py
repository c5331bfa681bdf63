"""The table of docs/readings.md is what benchmarks/readings.py prints."""

import importlib.util
import re

import pytest
from blocks import ROOT, blocks

from twinhop.errors import InputError
from twinhop.scenario import parse_scenario
from twinhop.scenario.schema.readings import EVALUATED_ROWS, PLACEMENT_ROWS, ROW_REDRAWN, SET_ELSEWHERE, SWITCHABLE_ROWS


def script():
    spec = importlib.util.spec_from_file_location("benchmark_readings", ROOT / "benchmarks" / "readings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)]


def test_the_table_is_fresh(tmp_path):
    benchmark = script()
    committed = benchmark.PAGE.read_text(encoding="utf-8")
    fresh = tmp_path / "readings.md"
    fresh.write_text(committed, encoding="utf-8")
    benchmark.write(benchmark.measure(), fresh)
    old, new = (text.splitlines() for text in (committed, fresh.read_text(encoding="utf-8")))
    assert len(old) == len(new)
    for before, after in zip(old, new, strict=True):
        assert numbers(after) == pytest.approx(numbers(before), rel=1e-6, abs=2e-5)
        assert re.sub(r"[\d.e+-]+", "", before) == re.sub(r"[\d.e+-]+", "", after)


def test_every_row_is_explained():
    page = (ROOT / "docs" / "readings.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    rows = {
        section.partition("\n")[0]: {
            int(row) for row in re.findall(r"^\| (\d+) \| (?:Eq|Section|Algorithm|Fig)", section, re.MULTILINE)
        }
        for section in sections
    }
    assert rows["Readings of a scenario"] == set(SWITCHABLE_ROWS)
    assert rows["Readings of migration policies"] | rows["Readings of learning"] == set(SET_ELSEWHERE)
    assert sorted([*SWITCHABLE_ROWS, *SET_ELSEWHERE]) == list(range(1, 27))


def test_a_refusal_says_where_the_row_is_set():
    with pytest.raises(InputError, match="row 18 cannot be switched .its reading is set by `updates` of a training"):
        parse_scenario(blocks(ROOT / "docs" / "readings.md", "yaml")[0].replace("26: literal", "18: literal"))


def test_rows_that_are_evaluated_are_marked():
    page = (ROOT / "docs" / "readings.md").read_text(encoding="utf-8")
    assert {int(row) for row in re.findall(r"^\| (\d+) \| .*\*evaluated\*", page, re.MULTILINE)} == set(EVALUATED_ROWS)
    (moving,) = re.findall(r"^\| (\d+) \| .*Refused without a `movement` section", page, re.MULTILINE)
    assert int(moving) == ROW_REDRAWN


def test_the_examples_switch_some_rows_and_all_but_one():
    some, nearly_all = (
        parse_scenario(text, "readings.md").readings for text in blocks(ROOT / "docs" / "readings.md", "yaml")
    )
    assert [row for row in PLACEMENT_ROWS if some.is_literal(row)] == [1, 26]
    assert [row for row in PLACEMENT_ROWS if not nearly_all.is_literal(row)] == [5]


def test_the_page_measures_every_row_that_can_be_literal():
    benchmark = script()
    table = benchmark.PAGE.read_text(encoding="utf-8").partition(benchmark.BEGIN)[2].partition(benchmark.END)[0]
    assert {int(row) for row in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == set(PLACEMENT_ROWS)
