"""Figures of plans, benchmarks and evaluations in axes of one's own, in both styles, and in three formats."""

import csv
import json
import re

import matplotlib.pyplot as plt
import pytest
from each_result import MAKERS, result
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pictures import is_cut, overlapping_texts
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.output.kit.style import COLUMN_IN, TYPE_PT, current_style, styled

PANELS = {
    "together": ("cost", "users"),
    "tradeoff": ("cost", "gap"),
    "robustness": ("cost", "broken"),
    "description": ("map", "distances", "rates", "latencies", "attached", "loads"),
    "benchmark": ("placement", "migration"),
    "evaluation": ("city-small", "family-n100-m10"),
}
#: Kinds of results whose files are compared by the fast tests; those of all others are written the same way.
WRITTEN_FAST = ("plan", "evaluation", "tradeoff", "robustness")
EACH_PANEL = [(kind, panel) for kind in MAKERS for panel in (None, *PANELS.get(kind, ()))]


@pytest.mark.parametrize(("kind", "panel"), EACH_PANEL)
@pytest.mark.parametrize("style", ["screen", "paper"])
def test_a_panel_is_drawn_into_given_axes_and_nowhere_else(kind, panel, style):
    settings = dict(plt.rcParams)
    figure = Figure(figsize=(5, 4))
    given, other = figure.subplots(1, 2)
    options = {} if panel is None else {"panel": panel}
    assert result(kind).plot(ax=given, style=style, **options) is given
    assert given.has_data() and not other.has_data() and figure.axes == [given, other]
    assert not any(given.get_title(loc) for loc in ("left", "center", "right"))
    assert not figure.texts and dict(plt.rcParams) == settings


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("style", ["screen", "paper"])
def test_nothing_covers_anything_or_leaves_the_figure(kind, style):
    figure = result(kind).plot(style=style)
    assert overlapping_texts(figure) == []
    assert not is_cut(figure)


@pytest.mark.parametrize("kind", MAKERS)
def test_a_figure_for_a_paper_has_no_titles_is_as_wide_as_columns_and_set_in_8_points(kind):
    figure = result(kind).plot(style="paper")
    assert figure.get_suptitle() == ""
    assert not any(axes.get_title(loc) for axes in figure.axes for loc in ("left", "center", "right"))
    assert figure.get_size_inches()[0] in COLUMN_IN.values()
    headings = {text.get_text() for text in result(kind).plot().texts if text.get_fontsize() >= 15}
    assert headings and not headings & {text.get_text() for text in figure.texts}
    ticks = [label for axes in figure.axes for label in axes.get_xticklabels() if label.get_text()]
    assert {label.get_fontsize() for label in ticks} <= {TYPE_PT}
    assert {"STIXGeneral"} >= {label.get_fontfamily()[0] for label in ticks}


@pytest.mark.parametrize(
    "kind", [kind if kind in WRITTEN_FAST else pytest.param(kind, marks=pytest.mark.slow) for kind in MAKERS]
)
def test_files_of_figures_are_the_same_bytes_each_time_and_hold_their_type(kind, tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    written = result(kind).save(one, figures=("png", "pdf", "svg"), style="paper")
    result(kind).save(other, figures="svg,pdf,png", style="paper")
    figures = [path for path in written if path.suffix in (".png", ".pdf", ".svg")]
    assert {path.suffix for path in figures} == {".png", ".pdf", ".svg"}
    for path in figures:
        assert path.read_bytes() == (other / path.name).read_bytes()
    for pdf in (path.read_bytes() for path in figures if path.suffix == ".pdf"):
        assert b"/Type3" not in pdf and b"/FontFile2" in pdf and b"CreationDate" not in pdf
    for svg in (path.read_text() for path in figures if path.suffix == ".svg"):
        assert "<text" in svg and "<dc:date>" not in svg


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "plan"])
def test_tables_come_as_csv_and_latex(kind, tmp_path):
    names = {path.name for path in result(kind).save(tmp_path)}
    name = {"benchmark": "leaderboard", "description": "describe", "pricing": "hours"}.get(kind, kind)
    assert {f"{name}.csv", f"{name}.tex"} <= names
    with (tmp_path / f"{name}.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    lines = [line for line in (tmp_path / f"{name}.tex").read_text().splitlines() if line.endswith(r"\\")]
    assert rows and len(lines) == len(rows) + 1
    assert len({len(re.findall(r"(?<!\\)&", line)) for line in lines}) == 1


def test_figures_and_tables_show_the_same_number(tmp_path):
    result("comparison").save(tmp_path)
    facts = json.loads((tmp_path / "comparison.json").read_text())
    with (tmp_path / "comparison.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["cost"]) for row in rows] == [each["cost"] for each in facts["policies"]]
    axes = result("comparison").plot().axes[0]
    labels = " ".join(text.get_text() for text in axes.texts)
    assert all(f"{each['cost']:#.4g}" in labels for each in facts["policies"])


def test_unknown_formats_styles_and_panels_are_named(tmp_path):
    made = result("comparison")
    with pytest.raises(InputError, match="figures: got 'jpg'; expected png, pdf or svg"):
        made.save(tmp_path / "new", figures=("png", "jpg"))
    with pytest.raises(InputError, match="style: got 'print'; expected screen or paper"):
        made.save(tmp_path / "new", style="print")
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="style: got 'print'; expected screen or paper"):
        made.plot(style="print")
    with pytest.raises(InputError, match="panel: got 'costs'; expected cost or gap"):
        result("tradeoff").plot(panel="costs")
    assert current_style().formats == ("png",) and current_style().style == "screen"


def test_without_figures_the_other_files_are_written(tmp_path):
    assert {path.suffix for path in result("comparison").save(tmp_path, figures=())} == {
        ".json",
        ".md",
        ".parquet",
        ".csv",
        ".tex",
        ".xlsx",
        ".html",
        ".gz",
    }


def test_what_is_not_said_stays_as_it_is_around():
    with styled("pdf", "paper"):
        with styled(given_axes=True):
            assert current_style().formats == ("pdf",) and current_style().paper and not current_style().titled
    assert current_style().titled


def test_the_command_writes_the_formats_that_are_asked_for(tmp_path):
    command = ["compare", "family(20, 4)", "--policies", "nearest,greedy", "--out", str(tmp_path)]
    done = CliRunner().invoke(app, [*command, "--figure-format", "pdf, svg", "--figure-style", "paper"])
    assert done.exit_code == 0, done.output
    names = {path.name for path in tmp_path.iterdir()}
    assert {"comparison.pdf", "comparison.svg"} <= names and "comparison.png" not in names
    assert current_style().formats == ("png",)
    again = CliRunner().invoke(app, [*command, "--figure-format", "png"])
    assert again.exit_code == 0 and (tmp_path / "comparison.png").is_file()


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--figure-format", "png,jpg", "--figure-format: got 'jpg'; expected png, pdf or svg"),
        ("--figure-format", "", "--figure-format"),
        ("--figure-style", "print", "--figure-style: got 'print'; expected screen or paper"),
    ],
)
def test_a_bad_value_is_one_line_before_anything_runs(tmp_path, option, value, expected):
    with pytest.raises(InputError, match=re.escape(expected)):
        CliRunner().invoke(app, ["compare", "family(20, 4)", option, value], catch_exceptions=False)


def test_a_figure_of_ones_own_keeps_its_settings():
    with plt.rc_context({"font.size": 20, "font.family": "DejaVu Serif"}):
        axes = result("comparison").plot(ax=Figure().add_subplot())
    assert isinstance(axes, Axes)
    assert twinhop.Comparison is type(result("comparison"))
