"""Notebooks give what they show, run from the locked environment."""

import base64
import io
import json
import re
import subprocess

import notebooks
import pytest
from blocks import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import code_cells, differences, executed, html_words, lacks, read, write

PEERS = ROOT / ".venv-peers" / "bin" / "python"
#: Those that run in the Python of the peers, which `make peers` builds.
IN_PEERS = ("own-agent",)
PATHS = notebooks.notebooks()
#: Those that take longest; they read the recorded data beside the repository.
SLOW = ("san-francisco",)
RUN = [
    pytest.param(path, marks=pytest.mark.slow if path.stem in SLOW else ())
    for path in PATHS
    if path.stem not in IN_PEERS
]
MOST_CELLS, MOST_BYTES = 20, 500_000


@pytest.mark.parametrize("path", RUN, ids=lambda path: path.stem)
def test_notebook_gives_what_it_shows(path):
    if missing := lacks(path.stem):
        pytest.skip(f"{missing} is not there")
    assert differences(read(path), executed(path)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_PEERS)
def test_notebook_with_others_gives_what_it_shows(name):
    if not PEERS.exists():
        pytest.skip("the peers' Python is not there; make peers")
    command = [str(PEERS), notebooks.__file__, "--check", name]
    run = subprocess.run(command, capture_output=True, text=True, timeout=1200)
    assert run.returncode == 0 and "left as it is" not in run.stdout, run.stdout + run.stderr[-3000:]


def test_numbers_and_pictures_of_learners_are_not_compared():
    row = {"text/html": ["ppo", "8.74"], "image/png": {"texts": ["8.74 %"]}}
    assert notebooks.without_numbers([row]) == [{"text/html": ["ppo", "#"], "image/png": True}]


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("0.907 to 0.909", "0.907 to 0.91", True),
        ("32.2", "32.4", True),
        ("32.2", "32.9", False),
        ("32.2", "32.2 to 33", False),
        ("nearest", "random", False),
        ("0.0118 to 0.0293", "0.0118 to 0.0533", False),
        ("n80-m5", "n80-m6", False),
    ],
)
def test_numbers_of_episodes_are_compared_to_a_hundredth(one, other, is_near):
    assert notebooks.near([["a", one]], [["a", other]]) == is_near


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_notebook_is_whole_and_clean(path):
    text, notebook = path.read_text(encoding="utf-8"), read(path)
    assert notebook.metadata == {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}
    assert not re.search(r"/(?:home|root|work|tmp|Users)/", "".join(words_of(notebook)))
    assert len(notebook.cells) <= MOST_CELLS and len(text) <= MOST_BYTES
    assert notebook.cells[0].source.startswith("# ")
    for count, cell in enumerate(code_cells(notebook), 1):
        assert cell.execution_count == count and not cell.metadata
        assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in cell.outputs)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_pictures_say_what_is_in_them(path):
    contents = list(notebooks.pictures(read(path)))
    assert contents
    assert all(content is not None and content["texts"] and content["shapes"] for content in contents)


def test_the_taxis_picture_shows_policies_and_bound():
    (content,) = notebooks.pictures(read(notebooks.FOLDER / "san-francisco.ipynb"))
    words = " ".join(content["texts"]).replace("_", " ")
    assert all(each in words for each in ("stay", "follow nearest", "expected", "certified offline bound", "moves"))


def words_of(notebook):
    """Sources and outputs that are words."""
    for cell in notebook.cells:
        yield cell.source
        for output in cell.get("outputs", ()):
            yield output.get("text", "")
            yield from (str(data) for kind, data in output.get("data", {}).items() if kind != "image/png")


def notebook_of(*sources):
    return new_notebook(cells=[new_markdown_cell("# Title"), *map(new_code_cell, sources)])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A notebook of every kind of output, as it was run and kept."""
    path = tmp_path_factory.mktemp("notebooks") / "small.ipynb"
    picture = (
        "from matplotlib.figure import Figure\nfigure = Figure(figsize=(2, 2))\nfigure.add_subplot().set_title('a')"
    )
    show = "from IPython.display import Image\nimport io\nfile = io.BytesIO()\nfigure.savefig(file, format='png')\n"
    cells = ("print('a')\nprint('solved in 0.5 s')", "1 + 1", f"{picture}\n{show}Image(file.getvalue())")
    write(notebook_of(*cells), path)
    write(executed(path), path)
    return path


def test_the_same_notebook_is_the_same_file(run):
    before = run.read_text(encoding="utf-8")
    write(read(run), run)
    assert run.read_text(encoding="utf-8") == before
    assert [cell.id for cell in read(run).cells] == ["cell-0", "cell-1", "cell-2", "cell-3"]


def test_what_differs_is_named(run):
    shown = read(run)
    assert differences(shown, read(run)) == []
    now = read(run)
    code_cells(now)[0].outputs[0].text = "a\nsolved in 1.5 s\n"
    assert differences(shown, now) == []
    code_cells(now)[0].outputs[0].text = "b\nsolved in 1.5 s\n"
    code_cells(now)[1].outputs[0].data["text/plain"] = "3"
    words = differences(shown, now)
    assert [each.partition(":")[0] for each in words] == ["code cell 1", "code cell 2"]
    assert "'2'" in words[1] and "'3'" in words[1]


def test_another_picture_differs(run):
    now = read(run)
    data = code_cells(now)[2].outputs[0].data
    before = base64.b64decode(data["image/png"])
    content = notebooks.content_of(io.BytesIO(before))
    assert "a" in content["texts"]
    info = notebooks.PngInfo()
    info.add_text(notebooks.KEY, json.dumps(content | {"texts": ["b"]}))
    stream = io.BytesIO()
    notebooks.Image.open(io.BytesIO(before)).save(stream, format="PNG", pnginfo=info)
    data["image/png"] = base64.b64encode(stream.getvalue()).decode()
    assert [each.partition(":")[0] for each in differences(read(run), now)] == ["code cell 3"]


def test_clocks_in_tables_are_not_compared():
    table = "<div><b>t</b><table><tr><th>policy</th><th>time s</th></tr><tr><td>a</td><td>{}</td></tr></table></div>"
    assert html_words(table.format("0.1")) == html_words(table.format("0.7"))
    assert html_words(table.format("0.1")) != html_words(table.replace("<td>a", "<td>b").format("0.1"))


def test_streams_are_one_output_a_cell(tmp_path):
    path = tmp_path / "prints.ipynb"
    slowly = "import sys, time\nfor at in range(3):\n    print(at)\n    sys.stdout.flush()\n    time.sleep(0.3)"
    write(notebook_of(slowly), path)
    assert [output.text for output in code_cells(executed(path))[0].outputs] == ["0\n1\n2\n"]


def test_a_notebook_without_its_data_is_left(monkeypatch, tmp_path, capsys):
    path = tmp_path / "san-francisco.ipynb"
    write(notebook_of("1 / 0"), path)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    monkeypatch.setitem(notebooks.NEEDS, "san-francisco", tmp_path / "sf_cells.csv")
    monkeypatch.setattr("sys.argv", ["notebooks.py"])
    assert notebooks.main() == 0
    assert "left as it is, the file sf_cells.csv is not there" in capsys.readouterr().out


def test_a_cell_that_fails_is_told(tmp_path):
    path = tmp_path / "fails.ipynb"
    write(notebook_of("1 / 0"), path)
    with pytest.raises(Exception, match="ZeroDivisionError"):
        executed(path)
