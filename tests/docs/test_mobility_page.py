"""docs/mobility.md leaves no mobility model out, includes the table of every one, and states the limits of the code."""

from blocks import ROOT

from twinhop.scenario.mobility import MOBILITY_MODELS, Attraction
from twinhop.scenario.mobility.hot_spots import DEFAULT_RADIUS, DEFAULT_SPOTS
from twinhop.scenario.mobility.legs import MOST_LEGS, UNFINISHED
from twinhop.scenario.mobility.manhattan import MOST_CROSSINGS
from twinhop.scenario.mobility.random_waypoint import LEG_ATTEMPTS

PAGE = (ROOT / "docs" / "mobility.md").read_text(encoding="utf-8")


def test_every_model_has_a_row_and_a_table():
    for kind in MOBILITY_MODELS:
        assert f"| [`{kind}`](#" in PAGE
        assert f"_generated/mobility_{kind}.md" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"need more than {MOST_LEGS} legs" in PAGE and f"need more than {MOST_CROSSINGS} are refused" in PAGE
    assert f"among {LEG_ATTEMPTS} candidates" in PAGE and UNFINISHED == 1e-3 and r"\leq 10^{-3}" in PAGE


def test_the_default_hot_spots_are_those_of_the_code():
    work, *leisure = DEFAULT_SPOTS
    assert work[:2] == (0.5, 0.5) and {spot[2] for spot in leisure} == {1.0}
    assert f"their radii are {DEFAULT_RADIUS * work[2]:g} and {DEFAULT_RADIUS:g} of" in PAGE
    busiest = {hour for hour, weight in enumerate(work[3]) if weight >= 14}
    assert busiest == set(range(8, 17))
    assert {hour for hour, weight in enumerate(leisure[0][3]) if weight >= 18} == set(range(17, 21))
    assert set(Attraction.model_fields) == {"x_m", "y_m", "radius_m", "weights"}
