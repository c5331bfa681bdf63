"""The tables of docs/reproduce.md, made again from the runs that are kept beside it."""

import json
from pathlib import Path

import numpy as np
import pytest

from twinhop.stats.bootstrap import interquartile_mean

DOCS = Path(__file__).parents[3] / "docs"
KEPT = DOCS / "reproduce" / "runs"
#: What a setting is called in the second table; the first is of (80, 5) alone.
SETTINGS = {"(80, 5)": "n80-m5", "(100, 5)": "n100-m5", "(80, 10)": "n80-m10"}
FIRST = "(80, 5)"
#: Cell of a tier of a row: the policy, and the folder of its runs.
ROWS = {
    "`literal`, 5,000 iterations": ("literal", KEPT / "literal"),
    "`literal`, 1,500 iterations": ("literal", DOCS / "reproduce" / "short" / "runs" / "literal"),
    "`literal-penalty`": ("literal-penalty", KEPT / "literal-penalty"),
    "`flat`": ("flat", KEPT / "flat"),
    "`structured`": ("structured", KEPT / "structured"),
    "`lagrangian, time alone`": ("lagrangian, time alone", KEPT / "solvers"),
}


def time_s(run, policy):
    slots = run["policies"][policy]["slots"]
    return float(np.sum(slots["communication"]) + np.sum(slots["computing"]))


def printed():
    """The cells of each row, by setting and tier."""
    lines = (DOCS / "reproduce.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith(("| `", "| ("))]
    first = {(FIRST, row[0]): row[1:] for row in rows if len(row) == 5 and row[0] in ROWS}
    return first | {(row[0], row[1]): row[2:] for row in rows if len(row) == 6 and row[0] in SETTINGS}


def kept(setting, tier):
    return sorted((ROWS[tier][1] / SETTINGS[setting]).glob("seed-*.json"))


def agrees(text, share):
    """Whether a share is what is printed, to the digits that are."""
    number = text.split(maxsplit=1)[0]
    digits = len(number.partition(".")[2])
    return abs(100 * share - float(number)) <= 0.5 * 10**-digits + 1e-9


@pytest.mark.parametrize(("setting", "tier"), sorted(printed()))
def test_what_is_printed_of_a_tier_is_what_its_runs_come_to(setting, tier):
    policy, files = ROWS[tier][0], kept(setting, tier)
    runs = [json.loads(each.read_text(encoding="utf-8")) for each in files]
    solvers = KEPT / "solvers" / SETTINGS[setting]
    worlds = [json.loads((solvers / each.name).read_text(encoding="utf-8")) for each in files]
    own_s = np.array([time_s(run, policy) for run in runs])
    *against, above = printed()[setting, tier]
    for text, other in zip(against, ("nearest", "random", "random_association"), strict=True):
        shares = own_s / [time_s(world, other) for world in worlds] - 1
        assert agrees(text, shares.mean()), (other, shares.mean())
        assert f"({(shares < 0).sum()} of {len(files)})" in text, other
    over_bound = own_s / [np.sum(world["time_bound"]) for world in worlds] - 1
    assert agrees(above, float(interquartile_mean(over_bound))), over_bound


def test_every_row_is_made_again():
    assert printed().keys() == {(setting, tier) for setting in SETTINGS for tier in ROWS if kept(setting, tier)}
