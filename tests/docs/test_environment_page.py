"""docs/environment.md names every option, feature and term; docs/benchmark.md every task and policy."""

import inspect

import pytest
from blocks import ROOT

from twinhop.benchmarking.choice import DEFAULT_POLICIES
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED, benchmark_names

pytest.importorskip("jax")

import twinhop.env  # noqa: E402
from twinhop.env.stepping import TERMS  # noqa: E402

PAGE = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8")
BENCHMARK_PAGE = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["setting", "TwinEnv", "TwinParallelEnv"])
def test_every_option_has_a_row(name):
    options = set(inspect.signature(getattr(twinhop.env, name)).parameters) - {"task", "options"}
    assert [option for option in options if f"\n| `{option}` |" not in PAGE] == []


def test_every_term_and_id_is_named():
    assert [name for name in (*TERMS, *twinhop.env.IDS) if f"`{name}`" not in PAGE] == []


def test_every_task_is_described_and_on_a_leaderboard():
    tables = {
        name: 3 if name.startswith("bench-place") else 2 for name in benchmark_names()
    }  # learned policies place only
    assert [name for name in tables if BENCHMARK_PAGE.count(f"\n| `{name}` |") != tables[name]] == []
    assert f"root seeds {EVALUATION_SEED}, {EVALUATION_SEED + 1}" in BENCHMARK_PAGE


@pytest.mark.parametrize("kind", DEFAULT_POLICIES)
def test_every_policy_is_on_the_leaderboard(kind):
    assert [name for name in DEFAULT_POLICIES[kind] if f"\n| `{name}` |" not in BENCHMARK_PAGE] == []
