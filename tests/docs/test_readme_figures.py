"""The table "How good" of README holds what benchmarks/placement.py measures, times aside."""

import importlib.util
import re

import pytest
from blocks import ROOT

import twinhop

README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = "lu2021-n100-m10"


def script():
    spec = importlib.util.spec_from_file_location("benchmark_placement", ROOT / "benchmarks" / "placement.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(name):
    """The cells of a row: instances, gap, time, cost below the baselines."""
    (row,) = re.findall(rf"^\| `{re.escape(name)}` \| (\d+ \| .*) \|$", README, re.MULTILINE)
    return row.split(" | ")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["family(100, 10)", "family(100, 10, capacity=15)", "proto-n100-m10", "city-small"])
def test_row_is_what_is_measured(name):
    instances, gap, _, below = shown(name)
    benchmark = script()
    sources = [twinhop.load(name, benchmark.FIRST_SEED + seed) for seed in range(int(instances))]
    row = benchmark.measure(sources, name, None, None)
    assert [benchmark.cells(row)[at] for at in (0, 1, 3)] == [instances, gap, below]
    if name == "family(100, 10)":
        more = f"{-row['latency_below_percent']['nearest']:.1f}"
        words = f"has {more} % more than `nearest` and opens {row['opened_mean']:.1f} of 10 servers"
        assert words in " ".join(README.split())


def test_the_first_row_and_its_latencies_are_what_is_measured():
    instances, gap, _, below = shown(QUICK)
    benchmark = script()
    sources = [twinhop.load(QUICK, benchmark.FIRST_SEED + seed) for seed in range(int(instances))]
    row = benchmark.measure(sources, QUICK, None, None)
    assert [benchmark.cells(row)[at] for at in (0, 1, 3)] == [instances, gap, below]
    lower = [f"{row['latency_below_percent'][policy]:.1f} %" for policy in ("nearest", "random_association", "random")]
    words = f"{lower[0]} below `nearest`, {lower[1]} below `random_association`, {lower[2]} below `random`"
    assert words in " ".join(README.split())


def test_a_row_is_written_where_it_stands(tmp_path):
    benchmark, page = script(), tmp_path / "README.md"
    lines = [
        "| `family(100, 10)` | any size |",
        "| `family(100, 10)` | 1 | old |",
        "| Melbourne, 125 sites | 1 | old |",
    ]
    page.write_text("\n".join(lines), encoding="utf-8")
    row = {"preset": "family(100, 10)", "instances": 2, "gap_mean_percent": 0.1, "gap_worst_percent": 0.3}
    row |= {"solve_median_s": 0.0123, "cost_below_percent": {"nearest": 1, "random_association": 2, "random": 3}}
    benchmark.write(row, page)
    benchmark.write(row | {"preset": "melbourne", "instances": 1, "solve_median_s": 0.5}, page)
    assert page.read_text(encoding="utf-8").splitlines() == [
        lines[0],
        "| `family(100, 10)` | 2 | 0.10 / 0.30 % | 12.3 ms | 1.0 / 2.0 / 3.0 % |",
        "| Melbourne, 125 sites | 1 | 0.10 % | 0.50 s | 1.0 / 2.0 / 3.0 % |",
    ]
