"""Policies that failed are in every table: Markdown, CSV and LaTeX alike."""

import csv

import pytest

import twinhop


def breaks(problem):
    raise ValueError("odd")


def halts(situation):
    raise ValueError("even")


def later(problem, seed):
    if seed % 2:
        raise ValueError("odd")
    return problem.comm_s.argmin(axis=1)


def compared():
    return twinhop.compare("family(20, 3)", ["nearest", breaks])


def simulated():
    return twinhop.simulate("bench-move-n20-m4-waypoint", ["stay", halts], slots=4, jobs=1)


def benchmarked():
    return twinhop.benchmark(["nearest", later], tasks=["bench-place-n20-m4"], seeds=2, jobs=1, time_limit_s=5)


@pytest.mark.parametrize(
    ("make", "table", "report", "policy"),
    [
        (compared, "comparison", "comparison.md", "breaks"),
        (simulated, "policies", "report.md", "halts"),
        (benchmarked, "leaderboard", "leaderboard.md", "later"),
    ],
)
def test_a_failed_policy_is_in_all_tables(make, table, report, policy, tmp_path):
    made = make()
    made.save(tmp_path)
    with (tmp_path / f"{table}.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["policy"]: row for row in csv.DictReader(stream)}
    assert {name: row["failed"] for name, row in rows.items() if row["failed"] not in ("false", "0")} == {
        policy: "1" if table == "leaderboard" else "true"
    }
    assert rows[policy].get("cost", "") == ""
    lines = (tmp_path / f"{table}.tex").read_text(encoding="utf-8").splitlines()
    (head,) = (line for line in lines if "policy" in line)
    assert head.rstrip("\\ ").endswith("failed")
    (own,) = (line for line in lines if policy in line)
    assert own.rstrip("\\ ").endswith("1" if table == "leaderboard" else "yes")
    assert policy in (tmp_path / report).read_text(encoding="utf-8")


def test_without_failures_the_table_for_papers_has_no_such_column(tmp_path):
    twinhop.compare("family(20, 3)", "nearest").save(tmp_path)
    assert "failed" not in (tmp_path / "comparison.tex").read_text(encoding="utf-8")
