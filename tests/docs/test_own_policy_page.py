"""docs/own-policy.md: its file, its commands and what they print, the names that are passed, and what is refused."""

import re

import pytest
from blocks import ROOT, blocks
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.migration.own_policy import OPTIONS as MIGRATION_OPTIONS
from twinhop.placement.own_policy import MAKER_OPTIONS
from twinhop.placement.own_policy import OPTIONS as PLACEMENT_OPTIONS

PATH = ROOT / "docs" / "own-policy.md"
PAGE = PATH.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(blocks(PATH, "python")[0])
    return tmp_path


def without_times(text):
    """The words of every line but the last, which is a time or its head."""
    return [line.split()[:-1] for line in text.splitlines() if line.strip()]


def test_the_comparison_prints_what_the_page_shows(folder):
    line = blocks(PATH, "sh")[0].splitlines()[1]
    done = CliRunner().invoke(app, line.split()[1:], catch_exceptions=False)
    (shown,) = blocks(PATH, "text")
    assert done.exit_code == 0 and without_times(shown) == without_times(done.output)
    assert "place        1.9717" in shown


def test_what_may_be_asked_for_is_listed():
    (row,) = re.findall(r"^\| besides.*$", PAGE, re.MULTILINE)
    _, _, placement, migration, _ = row.split("|")
    assert re.findall(r"`(\w+)`", placement) == list(PLACEMENT_OPTIONS)
    assert re.findall(r"`(\w+)`", migration) == list(MIGRATION_OPTIONS)
    (row,) = re.findall(r"^\| a class .*$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(MAKER_OPTIONS)


def test_the_policies_of_the_page_keep_seats(folder):
    assert twinhop.plan("family(40, 6, capacity=10)", "mine.py:place").feasible
    simulation = twinhop.simulate("lu2021-n80-m5", ["mine.py:follow", "mine.py:Patient"], slots=20, seeds=2)
    follow, patient = simulation.rows()
    assert patient["migrations"] < follow["migrations"]
