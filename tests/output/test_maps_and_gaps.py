"""Maps of plans name their stations and keep servers apart; gaps stand on one axis."""

import numpy as np
import pytest
from each_result import an_evaluation, result
from matplotlib.figure import Figure
from pictures import is_cut, overlapping_texts

import twinhop
from twinhop.output.kit.gaps import LEAST_GAP, GapRow, draw_gaps, gap_scale, letter_key, part_letters
from twinhop.output.plans.map_figure import LEAST_PT

CITY = """schema_version: 1
name: crowded
area: {width_m: 3000, height_m: 1800, origin: {lat_deg: -37.82, lon_deg: 144.95}}
stations: {generate: {count: 80, host_share: 0.8}}
users: {generate: {count: 300}}
objective: {deadlines: false}
"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    path = tmp_path_factory.mktemp("city") / "city.yaml"
    path.write_text(CITY)
    return twinhop.plan(path, "greedy")


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_all_opened_servers_of_a_small_city_are_named():
    plan = result("plan")
    names = {plan.case.problem.station_name(int(k)) for k in np.flatnonzero(plan.solution.placement.open)}
    assert names <= set(words(plan.plot()))


@pytest.mark.parametrize("style", ["screen", "paper"])
def test_names_on_a_crowded_map_cover_nothing_and_opened_servers_come_first(crowded, style):
    figure = crowded.plot(style=style)
    assert overlapping_texts(figure) == [] and not is_cut(figure)
    placement, problem = crowded.solution.placement, crowded.case.problem
    opened = {problem.station_name(int(k)) for k in np.flatnonzero(placement.open)}
    named = {word.partition(" (")[0] for word in words(figure)}
    assert len(opened & named) >= 0.8 * len(opened)


def test_discs_of_opened_servers_do_not_reach_into_each_other(crowded):
    figure = crowded.plot()
    [axes] = figure.axes
    [discs] = [each for each in axes.collections if each.get_zorder() == 6 and len(each.get_offsets()) > 1]
    points = axes.transData.transform(discs.get_offsets()) * 72 / figure.dpi
    radii = np.sqrt(discs.get_sizes()) / 2
    between = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    reach = radii[:, None] + radii[None]
    apart = ~np.eye(len(points), dtype=bool)
    # Servers nearer than the least diameter may touch.
    assert (between >= reach - 1e-6)[apart & (between > LEAST_PT)].all()


def test_a_map_says_where_on_earth_it_is(crowded):
    text = " ".join(each.get_text() for each in crowded.plot().texts)
    assert "km, around 37.8" in text and "° S, 144.9" in text


def test_a_map_of_a_failure_names_what_fails():
    plan = twinhop.plan("city-small", "greedy", without=["b6", "b15"])
    for style in ("screen", "paper"):
        figure = plan.plot(style=style)
        [legend] = figure.legends
        assert "fails: b6, b15" in [text.get_text() for text in legend.get_texts()]
        assert {"b6", "b15"} <= set(words(figure))


def test_panels_of_gaps_have_the_same_decades_in_the_same_places():
    for made in (an_evaluation(), result("benchmark")):
        first, second = made.plot().axes
        assert first.get_xlim() == second.get_xlim()
        assert first.get_xticks().tolist() == second.get_xticks().tolist()


def test_a_gap_of_zero_is_drawn_at_the_first_decade_which_says_so():
    axes = Figure(figsize=(6, 3)).add_subplot()
    draw_gaps(axes, [GapRow("lagrangian", 0.0), GapRow("nearest", 0.2, (0.1, 0.3))])
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[0] == "≤ 0.001" and labels[-1] == "100"
    assert axes.lines[-1].get_xdata()[0] == LEAST_GAP or any(line.get_xdata()[0] == LEAST_GAP for line in axes.lines)
    assert [text.get_text() for text in axes.texts] == ["20 %", "0 %"]


def test_fewer_than_five_worlds_have_no_interval():
    axes = an_evaluation(worlds=3).plot().axes[0]
    assert not [line for line in axes.lines if len(line.get_xdata()) == 2]  # no line from end to end


def test_a_policy_that_fails_somewhere_says_how_often():
    row = GapRow("nearest", None, (0.1, None), {"a": np.inf, "b": 0.1}, 0.5)
    assert row.words == "infeasible (50 % fail)" and row.gaps() == [0.1, 0.1]
    assert GapRow("nearest", 0.1, feasible=0.5).words == "10 % (50 % fail)"
    assert gap_scale([])[:2] == pytest.approx((0.01, 0.1))


def test_the_key_names_each_letter_once():
    letters = part_letters([f"bench-place-n{at}" for at in range(60)])
    assert list(letters.values())[:3] == ["a", "b", "c"] and list(letters.values())[-1] == "."
    text = " ".join(letter_key(letters, "bench-place-", 4.0))
    assert all(f"n{at}" in text for at in range(60)) and "bench-place" not in text
