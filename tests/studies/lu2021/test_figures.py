"""Figures of made up results: drawn, whole, and with the curves that they should have."""

import made_up_results
import polars as pl
import pytest
from matplotlib.figure import Figure
from pictures import is_cut, overlapping_texts

from twinhop.errors import InputError
from twinhop.output.kit.colours import policy_looks
from twinhop.output.kit.style import COLUMN_IN, styled
from twinhop.studies.lu2021.claims import CLAIMS, findings
from twinhop.studies.lu2021.figures import FIGURES, POLICIES, policy_fill
from twinhop.studies.lu2021.report import save_results
from twinhop.studies.lu2021.reproduce import Reproduction
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import SMALL
from twinhop.studies.lu2021.tables import comparison_rows, convergence_rows


def every_tier(**options):
    latency, seconds = lambda at: 0.4 + 0.003 * at.users - 0.004 * at.stations, lambda at: at.users + 9.0 * at.stations
    structured = made_up_results.results(latency, seconds, **options)
    runs = structured.runs
    for worse, kind in ((0.6, "literal"), (0.4, "literal-penalty"), (0.3, "flat")):
        runs = runs | made_up_results.results(lambda at, by=worse: latency(at) + by, seconds, kind=kind, **options).runs
    return Results(runs)


@pytest.mark.parametrize("style", ["screen", "paper"])
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("options", [{}, {"seeds": 1, "settings": SMALL[:1]}], ids=["four settings", "a single run"])
def test_every_figure_is_drawn_whole(name, options, style):
    with styled(style=style):
        figure = FIGURES[name](every_tier(**options))
    assert not is_cut(figure) and not overlapping_texts(figure)
    assert any(axes.lines or axes.patches for axes in figure.axes)


def curves_and_columns(figure):
    half = len(figure.axes) // 2
    return figure.axes[:half], figure.axes[half:]


@pytest.mark.parametrize("seeds", [1, 3, 6])
def test_fig7_has_a_curve_and_a_column_of_all_seeds_a_setting_and_intervals_from_five_seeds_on(seeds):
    results = every_tier(seeds=seeds)
    panels, columns = curves_and_columns(FIGURES["fig7-convergence"](results))
    assert [len(axes.lines) for axes in panels] == [4] * 8
    for axes in columns:
        dots = [line for line in axes.lines if line.get_marker() == "."]
        intervals = [line for line in axes.lines if line.get_marker() == "None"]
        assert [len(line.get_ydata()) for line in dots] == ([] if seeds == 1 else [seeds] * 4)
        assert len(intervals) == (4 if seeds >= 5 else 0)


def test_fig7_shows_sums_over_the_episode_and_the_numbers_of_the_table():
    results = made_up_results.results(lambda _: 0.5, lambda _: 1.0, seeds=1)
    panels, columns = curves_and_columns(FIGURES["fig7-convergence"](results))
    system, time = (axes.lines[0].get_ydata() for axes in panels)
    assert system[-1] == pytest.approx(25 * (0.5 + 0.35))
    assert time[-1] == pytest.approx(25 * 0.5)
    row = next(convergence_rows(results))
    assert columns[0].lines[0].get_ydata() == pytest.approx([row["system_cost_s"]])


def test_iterations_in_which_the_actor_rests_are_marked():
    results = every_tier()
    shaded = [len(axes.patches) for axes in curves_and_columns(FIGURES["fig7-convergence"](results))[0]]
    assert shaded == [0] * 8
    for run in (run for (kind, _), runs in results.runs.items() if kind == "structured" for run in runs):
        run["configuration"] = {"critic_only_iterations": 200}
    figure = FIGURES["fig7-convergence"](results)
    patches = [[patch.get_bbox().intervalx.tolist() for patch in axes.patches] for axes in figure.axes[:8]]
    assert patches == [[]] * 6 + [[[0, 200]]] * 2
    assert "the critic alone learns" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_fig9_has_the_numbers_of_its_table():
    results = every_tier(seeds=6)
    time, system, gaps = FIGURES["fig9-comparison"](results).axes
    rows = list(comparison_rows(results))
    assert [patch.get_height() for patch in time.patches] == pytest.approx([row["time_cost_s"] for row in rows])
    assert [patch.get_height() for patch in system.patches] == pytest.approx([row["system_cost_s"] for row in rows])
    drawn = [line.get_ydata()[0] for line in gaps.lines if len(line.get_ydata()) == 1]
    assert drawn == pytest.approx([max(0.01, row["above_bound_percent"]) for row in rows])
    looks = policy_looks(name.partition(",")[0] for name in POLICIES)
    fills = {str(policy_fill(name, looks[name.partition(",")[0]])) for name in POLICIES}
    assert len(fills) == len(POLICIES)
    assert {row["policy"] for row in rows} == set(POLICIES)


def test_a_panel_is_drawn_into_axes_of_the_user():
    reproduction = Reproduction(every_tier(), {}, ())
    own = Figure().add_subplot(title="mine")
    assert reproduction.plot("fig7-convergence", own, "structured, time cost") is own
    assert own.get_title() == "mine" and len(own.lines) == 4 and own.get_ylabel().startswith("cumulative time cost")
    assert isinstance(reproduction.plot("fig9-comparison"), Figure)
    with pytest.raises(InputError, match="panel: got 'x'; expected literal, system cost, "):
        reproduction.plot("fig7-convergence", own, "x")


def test_what_was_remade_is_a_result_like_others(tmp_path):
    results = every_tier()
    reproduction = Reproduction(results, {name: findings(results, name) for name in results.algorithms}, ())
    assert reproduction.plot("fig8-episode", style="paper").get_size_inches()[0] in COLUMN_IN.values()
    assert reproduction.plot("fig8-episode").get_size_inches()[0] not in COLUMN_IN.values()
    written = {path.name for path in reproduction.save(tmp_path, figures="pdf")}
    assert {"claims.md", "fig9-comparison.pdf"} <= written and not any(name.endswith("png") for name in written)
    assert reproduction.report() == (tmp_path / "claims.md").read_text(encoding="utf-8")
    html = reproduction._repr_html_()
    assert html.count("<tr") == len(CLAIMS) + 1 and len(repr(reproduction)) < 120
    assert len(reproduction.to_json()["claims"]) == len(CLAIMS)


def test_figures_and_tables_are_written_in_the_formats_that_are_asked_for(tmp_path):
    with styled(formats="pdf,svg", style="paper"):
        names = {path.name for path in save_results(every_tier(), tmp_path)}
    tables = {f"{name}.{suffix}" for name in (*FIGURES, "claims") for suffix in ("csv", "tex")}
    assert names == tables | {f"{name}.{suffix}" for name in FIGURES for suffix in ("pdf", "svg")} | {"claims.md"}
    table = pl.read_csv(tmp_path / "fig9-comparison.csv")
    assert table["policy"].n_unique() == len(POLICIES) and table["above_bound_percent"].min() >= 0
    assert r"\toprule" in (tmp_path / "claims.tex").read_text()
