"""Every page, run in order in an empty folder, prints what it shows."""

import re

import outputs
import page_pictures
import pytest
from matplotlib.figure import Figure
from outputs import Runs, Session, WrongPage, agrees, mistakes, pages, refreshed, rewritten, session
from page_pictures import PICTURES, differences, draw, kept

PAGES = pages()
SLOW = [path for path in PAGES if "<!-- slow: " in path.read_text(encoding="utf-8")]
TABLE = """\
city: bound 3.25

  policy     cost     ms
 ────────────────────────
  nearest   3.854    0.4
  greedy     3.35   37.4

  solved in   0.306   s
wrote out/a.json"""


@pytest.fixture(scope="module")
def runs():
    """What ran, whichever page or picture it ran for; the pictures that it drew say what is in them."""
    with kept():
        yield Runs()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_page_shows_what_is_printed(path, tmp_path, runs):
    assert mistakes(session(path, tmp_path, runs), slow=False) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", SLOW, ids=lambda path: path.stem)
def test_page_shows_what_is_printed_slowly(path, tmp_path, runs):
    assert mistakes(session(path, tmp_path, runs), slow=True) == []


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if each.slow else ()) for name, each in PICTURES.items()]
)
def test_picture_shows_what_is_drawn(name, tmp_path, runs):
    assert differences(name, draw(PICTURES[name], tmp_path, runs)) == []


def test_what_makes_a_picture_another_one(tmp_path, monkeypatch):
    def save(name, title, height=1.0):
        figure = Figure(figsize=(2, 2))
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, height])
        axes.set_title(title)
        with kept():
            figure.savefig(tmp_path / name)
        return tmp_path / name

    monkeypatch.setattr(page_pictures, "IMAGES", tmp_path)
    page_pictures.store(save("drawn.png", "gap 1 %"), "shown.png")
    assert differences("shown.png", save("again.png", "gap 1 %")) == []
    assert differences("shown.png", save("again.png", "gap 2 %")) == [
        "shown.png: only in the picture: 'gap 1 %'",
        "shown.png: only drawn now: 'gap 2 %'",
    ]
    assert differences("shown.png", save("again.png", "gap 1 %", 1.0001)) == ["shown.png: shapes differ"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_output_is_shown_without_its_command(path):
    page = path.read_text(encoding="utf-8")
    texts = [block for block in outputs.blocks_of(page) if block.language == "text"]
    loose = [block for block in texts if not block.file and block.note != "compared in"]
    shown = re.compile(r"^twinhop|^ ─|^wrote |above bound|certified", re.MULTILINE)
    assert [block.text for block in loose if shown.search(block.text)] == []


def page_of(text):
    return f"Some words:\n\n```console\n{text}\n```\n"


@pytest.mark.parametrize(
    ("shown", "right"),
    [
        (TABLE, True),
        (TABLE.replace(" 0.4", "12.5").replace("0.306 ", "12.3  "), True),
        (TABLE.replace("   3.854 ", " 3.854 "), False),
        (TABLE.replace("3.854", "3.855"), False),
        (TABLE.replace("greedy ", "greedy2"), False),
        (TABLE.rpartition("\n")[0], False),
        (TABLE.rpartition("\n")[0] + "\n...", True),
        ("city: bound 3.25\n...\n  greedy     3.35   99\n...\nwrote out/a.json", True),
        ("city: bound 3.25\n...\n  greedy     3.36   99\n...", False),
        ("...\nwrote out/a.json", True),
        ("...\nwrote out/b.json", False),
        ("...", True),
        ("", False),
    ],
)
def test_what_agrees(shown, right):
    assert agrees(shown.splitlines(), TABLE.splitlines()) == right


def test_times_within_a_table():
    table = "  policy    gap %   decides in ms   infeasible\n ────\n  nearest   18.15            0.66            0"
    printed = table.splitlines()
    assert agrees(table.replace("0.66 ", "12.5 ").splitlines(), printed)
    assert not agrees(table.replace("18.15", "18.16").splitlines(), printed)
    assert not agrees((table[:-1] + "1").splitlines(), printed)


def test_what_a_slow_machine_says_besides_is_no_output():
    said = "twinhop: compiling, once\ntwinhop: evaluate city: 1 of 25 decided (1 min)\nkept (1 min)\n"
    assert outputs.tidy(said) == ["kept (1 min)"]


def test_what_is_left_out_stays_left_out():
    shown = "city: bound 3.31\n...\n  nearest   4.1    0.4\n...\nwrote out/b.json".splitlines()
    printed = TABLE.splitlines()
    assert refreshed(shown, printed) == [printed[0], "...", printed[4], "...", printed[-1]]
    assert refreshed(["old"], printed) == printed
    with pytest.raises(WrongPage, match="nothing like 'moves: u34"):
        refreshed(["...", "moves: u34 from b6 to b15", "..."], printed)


def test_a_page_is_rewritten(tmp_path):
    page = page_of("$ cat a.txt\nold\n$ cat a.txt\n...\nb 3\n...\n$ cat b.txt\n...\n$ echo $?\n0")
    text = "`a.txt`:\n\n```text\nb 1\nc 2\n```\n\n" + page
    new, failures = rewritten(Session(text, tmp_path, Runs()), slow=True)
    assert failures == []
    assert "$ cat a.txt\nb 1\nc 2\n$ cat a.txt\n...\nb 1\n...\n$ cat b.txt\n...\n$ echo $?\n1\n```" in new
    assert mistakes(Session(new, tmp_path, Runs()), slow=True) == []


def test_a_page_that_stops_keeps_no_other_from_being_written(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.md").write_text("```python\nraise OSError('no disk')\n```\n" + page_of("$ cat x"), encoding="utf-8")
    (tmp_path / "b.md").write_text("`x.txt`:\n\n```text\n1\n```\n" + page_of("$ cat x.txt\n2"), encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["outputs.py", *(str(tmp_path / name) for name in ("a.md", "b.md"))])
    assert outputs.main() == 1
    assert "$ cat x.txt\n1\n" in (tmp_path / "b.md").read_text(encoding="utf-8")
    assert "a.md: OSError: no disk" in capsys.readouterr().err


def test_here_documents_and_redirections(tmp_path):
    text = "```sh\ncat > a.txt <<'END'\n$HOME\nEND\ntwinhop --version > v.txt\n```\n" + page_of("$ cat a.txt v.txt\n?")
    (words,) = mistakes(Session(text, tmp_path, Runs()), slow=True)
    assert "$ cat a.txt v.txt" in words and "-?" in words and "+$HOME" in words and "+twinhop " in words


@pytest.mark.parametrize("language", ["sh", "console"])
def test_a_command_that_fails_is_told(language, tmp_path):
    line = "twinhop plan nowhere.yaml"
    text = f"```{language}\n{'$ ' * (language == 'console')}{line}\n```\n"
    with pytest.raises(WrongPage, match=r"twinhop plan nowhere\.yaml ends with 2:\ntwinhop: "):
        mistakes(Session(text, tmp_path, Runs()), slow=True)


def test_marked_blocks(tmp_path):
    text = "<!-- slow: 40 s -->\n\n```sh\ncat b\n```\n\n<!-- not run: no data -->\n```sh\ncat c\n```\n"
    assert mistakes(Session(text, tmp_path, Runs()), slow=False) == []
    with pytest.raises(WrongPage, match="cat b ends with 1"):
        mistakes(Session(text, tmp_path, Runs()), slow=True)


def test_a_command_runs_once_for_the_same_files(tmp_path, monkeypatch):
    ran = []

    def execute(text, folder):
        ran.append(text)
        (folder / "out").mkdir(exist_ok=True)
        (folder / "out" / "b.txt").write_text(f"{len(ran)}")
        return "", 0

    monkeypatch.setattr(outputs, "execute", execute)
    runs, folders = Runs(), [tmp_path / name for name in "abc"]
    for folder, content in zip(folders, ("file: c.csv", "file: c.csv", "file: c.csv"), strict=True):
        folder.mkdir()
        (folder / "a.yaml").write_text(content)
        (folder / "c.csv").write_text("1" if folder.name != "c" else "2")
        (folder / "d.csv").write_text(folder.name)
        runs.of("twinhop plan a.yaml --out out", folder)
    assert len(ran) == 2
    assert [(folder / "out" / "b.txt").read_text() for folder in folders] == ["1", "1", "2"]
