"""The table of docs/readings.md is what benchmarks/readings.py prints."""

import importlib.util
import re

import pytest
from blocks import ROOT

from twinhop.scenario.readings import SWITCHABLE_ROWS


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
    assert {int(row) for row in re.findall(r"^\| (\d+) \| (?:Eq|Section)", page, re.MULTILINE)} == set(SWITCHABLE_ROWS)
