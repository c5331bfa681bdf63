"""The page of a result in a cell of a notebook: a frame that holds it whole, and runs its scripts and nothing else."""

import sys
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import twinhop
from twinhop.errors import InputError
from twinhop.output import page_html
from twinhop.output.page.notebook import MOST_BYTES, notebook_page
from twinhop.result import Result
from twinhop.runs.world import moving, watch

CITY = """\
schema_version: 1
name: "<script>alert('x')</script> & \\"co\\""
area: {width_m: 900, height_m: 600}
stations: {opening_s: 0.05, list: [%s]}
users: {generate: {count: 12}}
"""
STATIONS = ", ".join(f"{{id: s{k}, x_m: {250 * k}, y_m: 300, cpu_gcycles_per_s: 14}}" for k in range(3))


class Tags(HTMLParser):
    """The tags of a text, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("city") / "city.yaml"
    path.write_text(CITY % STATIONS, encoding="utf-8")
    scenario = twinhop.load(path)
    return {
        "plan": twinhop.plan(scenario),
        "compare": twinhop.compare(scenario, ["nearest", "lagrangian"]),
        "tradeoff": twinhop.tradeoff(scenario),
        "simulate": twinhop.simulate(scenario, ["stay"], slots=3, jobs=1),
        "world": watch(moving(scenario, 3))[0],
    }


@pytest.fixture
def cells(monkeypatch):
    """What cells of a notebook that seems to run display."""
    displayed = []
    kernel = SimpleNamespace(get_ipython=lambda: object(), display=SimpleNamespace(display=displayed.append))
    monkeypatch.setitem(sys.modules, "IPython", kernel)
    monkeypatch.setitem(sys.modules, "IPython.display", kernel.display)
    return displayed


@pytest.mark.parametrize("kind", ["plan", "compare", "tradeoff", "simulate", "world"])
def test_the_whole_page_is_in_a_frame_that_may_run_scripts_alone(kind, results, cells):
    result = results[kind]
    table = result._repr_html_()
    result.show(height_px=500)
    (cell,) = cells
    ((tag, attributes),) = Tags(cell._repr_html_()).tags
    assert tag == "iframe"
    assert attributes["sandbox"] == "allow-scripts"
    assert attributes["srcdoc"] == page_html(result)
    assert "height: 500px" in attributes["style"]
    assert attributes["title"] == repr(result)
    assert result._repr_html_() == table and "<iframe" not in table


def test_without_a_notebook_it_says_where_to_write_the_page(results, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    with pytest.raises(InputError, match=r"no notebook is running; result\.save_page\(path\)"):
        results["plan"].show()


def test_heights_and_sizes_are_bounded(results, cells):
    for height in (10, 5000):
        with pytest.raises(InputError, match=f"height_px: is {height}, must be 200 to 2000"):
            results["plan"].show(height)
    with pytest.raises(InputError, match="the page has 4.1 MB, and a notebook takes 4 MB"):
        notebook_page("x" * (MOST_BYTES + 100_000), "large", 500)
    assert cells == []


def test_a_result_without_a_page_says_so(cells):
    class Ranking(Result):
        pass

    with pytest.raises(InputError, match="Ranking: has no page"):
        Ranking().show()
