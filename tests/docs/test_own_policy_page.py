"""docs/own-policy.md: its policies, the names that are passed, and what is refused."""

import re

import pytest
from blocks import ROOT, blocks

import twinhop
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


def test_what_may_be_asked_for_is_listed():
    (row,) = re.findall(r"^\| besides.*$", PAGE, re.MULTILINE)
    _, _, placement, migration, _ = row.split("|")
    assert re.findall(r"`(\w+)`", placement) == list(PLACEMENT_OPTIONS)
    assert re.findall(r"`(\w+)`", migration) == list(MIGRATION_OPTIONS)
    (row,) = re.findall(r"^\| a class .*$", PAGE, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == list(MAKER_OPTIONS)


def test_the_policies_of_the_page_keep_seats(folder):
    assert twinhop.plan("family(40, 6, capacity=10)", "mine.py:place").feasible


def test_who_waits_moves_less():
    moves = {
        name: float(number) for name, number in re.findall(r"^  (follow|Patient) .* ([\d.]+) +[\d.]+$", PAGE, re.M)
    }
    assert moves["Patient"] < moves["follow"]
