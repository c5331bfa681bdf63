"""Verdicts on results whose truth is known."""

import made_up_results
import numpy as np
import pytest

from twinhop.studies.lu2021.claims import CLAIMS, findings
from twinhop.studies.lu2021.ratios import PRINTED, measured
from twinhop.studies.lu2021.report import claims_report
from twinhop.studies.lu2021.setting import FEWEST_SQUARE, PAPER, SMALL, Setting
from twinhop.studies.lu2021.terms import READINGS


def verdicts(results, **options):
    return [finding.verdict for finding in findings(results, "structured", **options)]


def physical(setting):
    """As queueing has it: more users are slower, more stations faster; stations matter less than users."""
    return 0.6 + 0.004 * (setting.users - 80) - 0.006 * (setting.stations - 5)


def by_stations(setting):
    return 10.0 + 0.05 * (setting.users - 80) + 1.0 * (setting.stations - 5)


def test_there_are_seven_claims():
    assert len(CLAIMS) == 7


def test_what_holds_is_found_and_the_opposite_contradictory():
    assert verdicts(made_up_results.results(physical, by_stations)) == [
        "found", "found", "contradictory", "found", "found", "found", "found"
    ]  # fmt: skip


def test_fig7_and_fig8_cannot_both_be_right():
    """Whatever a cost does with stations: of claims 3 and 5, one is found and the other contradictory."""
    for slope in (-0.01, 0.01):
        found = verdicts(made_up_results.results(lambda at, s=slope: 0.6 + s * at.stations, by_stations))
        assert {found[2], found[4]} == {"found", "contradictory"}
        assert found[2] == ("found" if slope > 0 else "contradictory")


def test_a_learner_that_gets_worse_contradicts_the_paper():
    found = verdicts(made_up_results.results(lambda at: 1.5 + 0.001 * at.users, by_stations, before=1.2))
    assert found[0] == "contradictory"
    assert found[5] == "contradictory"


def test_better_than_only_one_baseline_is_contradictory():
    """1.05 s is below random at 1.1 s and above nearest at 1 s."""
    finding = findings(made_up_results.results(lambda _: 1.05, by_stations), "structured")[5]
    assert [test.verdict for test in finding.tests] == ["contradictory", "found"]
    assert finding.verdict == "contradictory"


def test_one_seed_proves_nothing_about_effects():
    found = verdicts(made_up_results.results(physical, by_stations, seeds=1))
    assert found[1:5] == ["not found"] * 4


def test_a_single_setting_leaves_comparisons_open():
    found = verdicts(made_up_results.results(physical, by_stations, settings=(Setting(80, 5),)))
    assert found[1:5] == ["not found"] * 4


def test_training_time_that_rises_with_users_most_is_contradictory():
    finding = findings(made_up_results.results(physical, lambda at: 0.2 * at.users + 0.1 * at.stations), "structured")[
        6
    ]
    assert [test.verdict for test in finding.tests] == ["contradictory", "found", "found"]
    assert finding.verdict == "contradictory"


def test_the_sum_over_users_changes_what_is_found():
    """A mean that falls a little with users still rises as a sum."""
    results = made_up_results.results(
        lambda at: 0.6 - 0.0005 * (at.users - 80) - 0.006 * (at.stations - 5), by_stations
    )
    assert verdicts(results, reading=READINGS[0])[1] == "contradictory"
    assert verdicts(results, reading=READINGS[1])[1] == "found"


def test_pairs_are_of_the_same_seed():
    """Seeds that only one setting has are left out."""
    results = made_up_results.results(physical, by_stations)
    runs = dict(results.runs)
    runs["structured", PAPER[0]] = runs["structured", PAPER[0]][1:]
    finding = findings(type(results)(runs), "structured")[1]
    assert finding.tests[0].wins == 5
    # latencies of a slot differ by 0.004 s a user, over 25 slots
    assert finding.differences[0] == pytest.approx(np.full(5, 25 * 0.004 * 20))


def test_ratios_along_both_ways_agree_and_the_printed_ones_do_not():
    results = made_up_results.results(physical, by_stations)
    ratios = measured(results, "structured", FEWEST_SQUARE)
    assert ratios.by_users_first == pytest.approx(ratios.by_stations_first)
    assert ratios.stations_at_few == pytest.approx(15 / 10)
    assert PRINTED.by_users_first - PRINTED.by_stations_first > 0.4


def test_the_report_names_every_claim_with_its_verdict():
    text = claims_report(made_up_results.results(physical, by_stations))
    for at, claim in enumerate(CLAIMS):
        assert f"| {at + 1}. {claim.figure}: {claim.words} |" in text
    assert "**contradictory** (0:6, p = 1)" in text
    assert "| paper | 1.22 | 1.95 | 1.57 | 1.25 | 2.38 | 1.96 |" in text
    assert "nan" not in text


def test_the_report_of_a_single_run_has_no_gaps_to_fill():
    text = claims_report(made_up_results.results(physical, by_stations, seeds=1, settings=SMALL[:1]))
    assert "not found" in text
    assert "nan" not in text
