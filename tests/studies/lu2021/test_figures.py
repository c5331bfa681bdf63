"""Figures of made up results: drawn, whole, and with the curves that they should have."""

import made_up_results
import pytest
from pictures import is_cut

from twinhop.studies.lu2021.figures import FIGURES
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import SMALL


def both(**options):
    latency, seconds = lambda at: 0.4 + 0.003 * at.users - 0.004 * at.stations, lambda at: at.users + 9.0 * at.stations
    structured = made_up_results.results(latency, seconds, **options)
    literal = made_up_results.results(lambda at: latency(at) + 0.6, seconds, kind="literal", **options)
    return Results(structured.runs | literal.runs)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("options", [{}, {"seeds": 1, "settings": SMALL[:1]}], ids=["four settings", "a single run"])
def test_every_figure_is_drawn_whole(name, options):
    figure = FIGURES[name](both(**options))
    assert not is_cut(figure)
    assert any(axes.lines or axes.patches for axes in figure.axes)


def test_fig7_has_a_curve_a_setting_and_bands_where_there_are_several_seeds():
    figure = FIGURES["fig7-convergence.png"](both())
    assert [len(axes.lines) for axes in figure.axes] == [4] * 4
    assert [len(axes.collections) for axes in figure.axes] == [4] * 4
    single = FIGURES["fig7-convergence.png"](both(seeds=1))
    assert [len(axes.collections) for axes in single.axes] == [0] * 4


def test_fig7_shows_sums_over_the_episode():
    figure = FIGURES["fig7-convergence.png"](made_up_results.results(lambda _: 0.5, lambda _: 1.0, seeds=1))
    system, time = (axes.lines[0].get_ydata() for axes in figure.axes)
    assert system[-1] == pytest.approx(25 * (0.5 + 0.35))
    assert time[-1] == pytest.approx(25 * 0.5)
