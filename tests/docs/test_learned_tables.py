"""Tables of learned policies on the pages hold the numbers of the raw data beside them."""

import csv
import json
import re

import numpy as np
from blocks import ROOT

from twinhop.stats import interquartile_mean
from twinhop.stats.bootstrap import iqm_interval

DOCS = ROOT / "docs"
#: Policies of the raw data, in the order of the columns of the leaderboard by task.
COLUMNS = (
    "lagrangian",
    "maddpg",
    "maddpg:polish=100:certify=0",
    "maddpg:polish=10:certify=0",
    "maddpg:certify=0",
    "maddpg:out/untrained",
    "maddpg:out/untrained:certify=0",
)


def section(page, heading):
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.split(r"\n#{2,3} ", text[text.index(heading) + len(heading) :])[0]


def cells(text, first):
    (row,) = re.findall(rf"^\| {re.escape(first)} \| (.*) \|$", text, re.MULTILINE)
    return row.split(" | ")


def agrees(shown, value):
    """Whether a number is another, rounded to the digits that it shows."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5001 * 10**-digits


def numbers(text):
    return re.findall(r"\d+(?:\.\d+)?", text)


def runs():
    with (DOCS / "benchmark" / "learned.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_leaderboard_of_learned_policies():
    text, rows = section("benchmark.md", "### Learned policies"), runs()
    names = ["`lagrangian`", "`maddpg`, which is `maddpg:certify=50`", *(f"`{name}`" for name in COLUMNS[2:5])]
    names += ["untrained, certified", "untrained, `certify=0`"]
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for policy, name in zip(COLUMNS, names, strict=True):
        own = [[float(row["gap"]) for row in rows if (row["task"], row["policy"]) == (task, policy)] for task in tasks]
        assert np.shape(own) == (12, 5)
        iqm, mean, worst = float(interquartile_mean(np.ravel(own))), np.mean(own), np.max(own)
        low, high = iqm_interval(np.array(own))
        told = numbers(" ".join(cells(text, name)[:4]))
        assert all(map(agrees, told, [100 * value for value in (iqm, low, high, mean, worst)])), name
        for task, gaps in zip(tasks, own, strict=True):
            (at,) = numbers(cells(text, f"`{task}`")[COLUMNS.index(policy)])
            assert agrees(at, 100 * np.mean(gaps)), (name, task)
    assert all(row["feasible"] == "true" for row in rows)


def test_what_evaluate_finds_of_the_weights_that_ship():
    text = section("learning.md", "## Decoding")
    policies = json.loads((DOCS / "learning" / "evaluate.json").read_text(encoding="utf-8"))["policies"]
    rows = {"lu2021-n100-m10": "", "family(100, 10)": "", "city-small": ", with deadlines"}
    order = ("learned", "nearest", "greedy", "local_search", "lagrangian")
    for source, more in rows.items():
        for cell, policy in zip(cells(text, f"`{source}`{more}"), order, strict=True):
            found = next(each for each in policies if (each["source"], each["policy"]) == (source, policy))
            ends = found["gap_iqm_interval"] if policy == "learned" else []
            last = found["gap_mean"] if found["infeasible"] == 0 else found["infeasible"] / 100
            asked = [100 * value for value in (found["gap_iqm"], *ends, last)]
            assert all(map(agrees, numbers(cell), asked)), (source, policy)
