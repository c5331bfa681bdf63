"""Figures of replays, watched worlds and simulations, in both styles: nothing covers anything or is cut."""

from functools import cache
from tempfile import mkdtemp

import pytest
from matplotlib.figure import Figure
from moving_cities import city
from pictures import is_cut, overlapping_texts

import twinhop
from twinhop.output.kit.figures import set_type
from twinhop.output.kit.gaps import GapRow, draw_gaps
from twinhop.output.kit.style import COLUMN_IN, styled
from twinhop.output.replay.figure import draw_errors, draw_forecasts, draw_paths
from twinhop.output.runs.series_figure import draw_series
from twinhop.output.runs.simulation_figure import draw_bands, draw_costs, first_folders
from twinhop.output.runs.simulation_map import draw_twin_trails
from twinhop.output.runs.world_figure import draw_statistics
from twinhop.output.runs.world_map import draw_trails
from twinhop.replay.options import motion_model
from twinhop.replay.tracks import tracks_of
from twinhop.replay.twin_replay import replay
from twinhop.runs.film import RunFilm
from twinhop.runs.world import watch

RICH = (
    "slots: 40, slot_s: 3, churn: {mean_present_s: 60, mean_absent_s: 20}, cpu: {kind: ar1}, "
    "failures: {random: {mean_up_s: 60, mean_down_s: 12}}"
)


@cache
def a_replay():
    tracks = tracks_of("gauss_markov", 3, 60.0, 1.0, 1.0, 0).tracks
    return replay("gauss_markov", tracks, ["delta", "fixed"], motion_model("constant_velocity", 1.0), 5.0, 1.0, 60.0)


@cache
def a_world(movement=RICH):
    return watch(city(movement=movement, users=25))[0]


@cache
def a_simulation():
    policies = ["stay", "follow_nearest", "utility:margin=0.2"]
    folder = mkdtemp(prefix="twinhop-")
    return twinhop.simulate(
        "bench-move-n20-m4-waypoint", policies, slots=12, seeds=2, bound=True, out=folder, animation="none"
    )


def a_map():
    made = a_simulation()
    return draw_twin_trails(RunFilm(made.run, first_folders(made)[1]), made.run, made.policies[1])


FIGURES = {
    "replay: errors": lambda: draw_errors(a_replay()),
    "replay: forecasts": lambda: draw_forecasts(a_replay()),
    "replay: paths": lambda: draw_paths(a_replay()),
    "world: statistics": lambda: draw_statistics(a_world().statistics, a_world().run),
    "world: statistics, static": lambda: draw_statistics(a_world("slots: 20").statistics, a_world("slots: 20").run),
    "world: map": lambda: draw_trails(a_world().film, a_world().run),
    "simulation: costs": lambda: draw_costs(a_simulation()),
    "simulation: series": lambda: draw_series(a_simulation()),
    "simulation: hosts": lambda: draw_bands(a_simulation()),
    "simulation: map": a_map,
}


@pytest.mark.parametrize("style", ["screen", "paper"])
@pytest.mark.parametrize("name", FIGURES)
def test_nothing_covers_anything_or_leaves_the_figure(name, style):
    with styled(style=style):
        figure = FIGURES[name]()
    assert overlapping_texts(figure) == []
    assert not is_cut(figure)
    assert style == "screen" or figure.get_size_inches()[0] in COLUMN_IN.values()


def test_panels_without_titles_say_what_they_show_on_their_axes():
    with styled(style="paper"):
        axes = draw_statistics(a_world().statistics, a_world().run).axes
    labels = {each.get_xlabel().split(",")[0] for each in axes} | {each.get_ylabel() for each in axes}
    assert labels >= {"speed [m/s]", "stay [s]", "rate [Mbit/s]", "hand-overs of a user [a minute]", "time [s]"}
    assert labels >= {"attached [users]", "present [users]"}


@pytest.mark.parametrize("width_in", COLUMN_IN.values())
def test_a_panel_of_gaps_fits_axes_of_one_column(width_in):
    rows = [
        GapRow("lagrangian", 8.54e-6, (1e-6, 2e-5), worlds=(1e-6, 2e-5)),
        GapRow("random_association", 0.5, (0.1, None), feasible=0.6, worlds=(0.1, 0.9)),
        GapRow("nearest", None, (0.1, None), feasible=0.4, worlds=(0.1, 12.0)),
    ]
    with styled(style="paper", given_axes=True):
        figure = Figure(figsize=(width_in, 1.6), dpi=300)
        axes = figure.add_axes((0.4, 0.3, 0.58, 0.65))
        draw_gaps(axes, rows)
        set_type(axes)
    assert overlapping_texts(figure) == []
    assert not is_cut(figure)
