"""What all figures and reports share: nothing cut off, each label once, numbers as words."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.text import Text
from moving_cities import city
from pictures import is_cut

from twinhop.output.kit.colours import INK, PAPER
from twinhop.output.kit.figures import frame, in_pieces, note, panel, rows_frame, shared_legend, sheet
from twinhop.output.kit.maps import corners, draw_stations, map_sheet, station_colours
from twinhop.output.kit.profiles import POINTS, draw_profiles, profiles_of
from twinhop.output.kit.tables import change, note_lines, number, percent, share, source_lines, table, to_text
from twinhop.output.runs.world_map import draw_trails
from twinhop.runs.world import watch

SOURCES = [f"Source {at}, https://example.org/data, CC BY 4.0" for at in range(40)]


def test_long_lists_of_sources_are_not_cut_off_the_maps_of_runs():
    watched, _ = watch(city(movement="slots: 4, slot_s: 3", extra=f"attribution: {SOURCES}"))
    figure = draw_trails(watched.film, watched.run)
    assert not is_cut(figure)
    [sources] = [text for text in figure.texts if "Source 0" in text.get_text()]
    assert sources.get_text().count("\n") == 7 and sources.get_text().endswith("... (in full in the scenario)")


def test_sources_lie_below_the_map_and_above_the_edge():
    low, high = np.zeros(2), np.array([1000.0, 500.0])
    with map_sheet(low, high, 1.0, 0.5, SOURCES, "report.md") as (figure, axes, sources_in):
        pass
    box = figure.texts[-1].get_window_extent()
    assert 0 < box.y0 and box.y1 <= 160 * (sources_in + 0.5)
    assert box.y1 < axes.get_window_extent().y0
    assert axes.get_window_extent().width / 1000 == pytest.approx(axes.get_window_extent().height / 500)


def test_a_map_of_one_place_has_an_extent_and_none_is_a_sliver():
    low, high = corners([np.array([[5.0, 5.0], [np.nan, 3.0]])])
    assert (high - low > 0).all()
    low, high = corners([np.array([[0.0, 0.0], [1000.0, 0.0]])])
    assert high[0] - low[0] == pytest.approx(1060.0) and high[1] - low[1] == pytest.approx(450.0)
    low, high = corners([np.full((3, 2), np.nan)])
    assert np.isfinite([low, high]).all()


def test_a_station_without_a_place_is_grey_and_the_others_differ():
    colours = station_colours(np.array([[0.0, 0.0], [np.nan, np.nan], [1.0, 0.0]]))
    assert len({tuple(row) for row in colours}) == 3
    assert colours[1] == pytest.approx([0x7B / 255, 0x83 / 255, 0x8C / 255, 1.0])


def test_a_shared_legend_names_each_label_once_areas_first():
    with sheet(6, 4) as figure:
        panels = figure.subplots(1, 2)
        for axes in panels:
            axes.plot([0, 1], [0, 1], label="bound")
            axes.bar([0], [1], label="cost")
        texts = shared_legend(figure, panels, (0.2, 0.2)).get_texts()
    assert [text.get_text() for text in texts] == ["cost", "bound"]


def test_names_are_written_as_they_are_wherever_they_stand():
    name = "a $x^2$ b"
    with sheet(4, 3) as figure:
        axes = panel(figure, 1, 1, 1, 1)
        rows_frame(axes, [name], "cost")
        frame(figure.add_subplot(), name)
    assert [label.get_parse_math() for label in axes.get_yticklabels()] == [False]
    [title] = [each for each in figure.axes[1].findobj(Text) if each.get_text() == name]
    assert not title.get_parse_math()
    assert axes.get_window_extent().width == pytest.approx(2 * 160)


def test_a_panel_with_nothing_to_show_says_so_and_has_no_scale():
    with sheet(4, 3) as figure:
        axes = figure.add_subplot()
        note(axes, "no deadlines")
    assert axes.texts[0].get_text() == "no deadlines" and not axes.get_xticks().size and not axes.get_yticks().size


def test_pieces_of_a_series_keep_its_sum():
    values = np.random.default_rng(0).random(1003)
    middle, means = in_pieces(values, 100)
    starts = [0.0]
    for each in middle:
        starts.append(2 * each - starts[-1])
    assert len(means) == 100 and starts[-1] == 1003
    assert (means * np.diff(starts)).sum() == pytest.approx(values.sum())
    few, same = in_pieces(values[:7], 100)
    assert few.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5] and np.array_equal(same, values[:7])


def test_numbers_and_shares_as_words():
    assert [number(value) for value in (0.00012345, 1e6, None)] == ["0.0001234", "1e+06", "-"]
    assert [percent(value) for value in (0.0, 0.00999, 0.01, -0.5, None)] == [
        "0.000 %",
        "0.999 %",
        "1.00 %",
        "-50.00 %",
        "-",
    ]
    assert (share(1.0), share(None), change(0.0), change(None)) == ("100 %", "-", "+0.0 %", "-")


def test_reports_end_in_one_newline_and_bars_do_not_divide_cells():
    lines = [*note_lines(["a"]), *table(("name", "value"), [("a|b", "1")]), "", *source_lines(["c"])]
    assert to_text(lines) == "Note: a.\n\n| name | value |\n|---|---:|\n| a\\|b | 1 |\n\n## Sources\n\n- c\n"
    assert source_lines([]) == []


def test_what_may_not_host_is_never_drawn_as_a_server_that_is_down():
    xy_m = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [np.nan, np.nan]])
    server, down = np.array([True, False, True]), np.array([False, False, True, False])
    axes = Figure().add_subplot()
    draw_stations(axes, xy_m, server, down)
    triangles, circles, clouds, crosses = axes.collections
    assert triangles.get_offsets().tolist() == [[1.0, 0.0]]
    assert circles.get_offsets().tolist() == [[0.0, 0.0], [2.0, 0.0]]
    assert len(clouds.get_offsets()) == 0  # the cloud has no place
    assert crosses.get_offsets().tolist() == [[2.0, 0.0]]
    assert circles.get_facecolors()[0].tolist() == list(to_rgba(INK))
    assert triangles.get_facecolors()[0].tolist() == list(to_rgba(PAPER))


def test_hosts_in_use_have_a_colour_each_where_there_are_no_more_than_hues():
    xy_m = np.random.default_rng(0).uniform(0, 1000, (40, 2))
    used = np.zeros(40, bool)
    used[::4] = True
    colours = station_colours(xy_m, used)[used]
    assert len({tuple(each) for each in colours.tolist()}) == 10


def test_policies_of_one_profile_are_all_to_be_seen():
    gaps = np.array([0.01, 0.02, 0.05])
    axes = Figure().subplots()
    draw_profiles(axes, profiles_of({"nearest": gaps, "greedy": gaps, "mine": gaps}))
    marked = [set(range(*line.get_markevery()[:1], POINTS, line.get_markevery()[1])) for line in axes.lines]
    assert all(marked) and not marked[0] & marked[1] and not marked[1] & marked[2] and not marked[0] & marked[2]
    assert len({line.get_marker() for line in axes.lines}) == 3
