"""The table of docs/scale.md is that of the rows beside it, and all rows asked for are there."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("scipy")
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "solver_scale.py"


def test_the_table_is_that_of_the_rows(tmp_path):
    spec = importlib.util.spec_from_file_location("solver_scale", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    rows, page = benchmark.read(benchmark.FIGURES), tmp_path / "scale.md"
    assert set(rows) == set(benchmark.ROWS)
    text = benchmark.PAGE.read_text(encoding="utf-8")
    page.write_text(text.replace(benchmark.table(rows), "old"), encoding="utf-8")
    assert page.read_text(encoding="utf-8") != text
    benchmark.write(rows, page)
    assert page.read_text(encoding="utf-8") == text
