"""`twinhop report` and `--no-html`: the page of a folder, and folders of which none can be made."""

import gzip

import pytest

from twinhop.output.page.container import DATA_FILE, packed
from twinhop.output.page.shell import BEGINNING

PLAN = ("plan", "family(10, 3)")
WITHOUT_PAGE = {
    "plan": PLAN,
    "failures": (*PLAN, "--without", "each"),
    "together": ("plan", "family(10, 3)", "--samples", "2", "--load", "20"),
    "compare": ("compare", "family(10, 3)", "--policies", "nearest,lagrangian"),
    "tradeoff": ("tradeoff", "family(10, 3)"),
}


@pytest.mark.parametrize("call", WITHOUT_PAGE.values(), ids=WITHOUT_PAGE)
def test_without_the_page_its_data_are_there_and_make_it(run, tmp_path, call):
    done = run(*call, "--out", tmp_path / "out", "--no-html")
    assert done.code == 0, done.err
    assert "report.html" not in done.out and f"wrote {tmp_path / 'out' / DATA_FILE}" in done.out
    made = run("report", tmp_path / "out")
    assert (made.code, made.out, made.err) == (0, f"wrote {tmp_path / 'out' / 'report.html'}\n", "")
    page = (tmp_path / "out" / "report.html").read_bytes()
    again = run(*call, "--out", tmp_path / "out")
    assert again.code == 0 and f"wrote {tmp_path / 'out' / 'report.html'}" in again.out
    assert (tmp_path / "out" / "report.html").read_bytes() == page, "the same answer gives the same bytes"


def test_a_page_of_an_earlier_run_goes_with_the_others(run, tmp_path):
    assert run(*PLAN, "--out", tmp_path).code == 0
    done = run(*PLAN, "--out", tmp_path, "--no-html")
    assert done.code == 0 and f"removed {tmp_path / 'report.html'}: of an earlier run" in done.err


@pytest.mark.parametrize("name", ["report.html", DATA_FILE])
def test_files_of_the_users_own_stay(run, tmp_path, name):
    (tmp_path / name).write_text("<!doctype html>\n<title>Mine</title>")
    refused = run(*PLAN, "--out", tmp_path)
    assert refused.code == 2 and f"{name}: not written by twinhop" in refused.err


def test_a_page_of_somebody_else_stays_where_there_are_data(run, tmp_path):
    (tmp_path / DATA_FILE).write_bytes(packed({"kind": "world", "title": "a", "twinhop": "1"}))
    (tmp_path / "report.html").write_text("<!doctype html>\n<title>Mine</title>")
    refused = run("report", tmp_path)
    assert refused.code == 2 and refused.err.count("\n") == 1 and "report.html: not written by twinhop" in refused.err
    assert "Mine" in (tmp_path / "report.html").read_text()


def of_other_version(document):
    return gzip.compress(gzip.decompress(packed(document)).replace(b'"version":1', b'"version":2'))


BAD = {
    "cut off": (lambda: packed({"kind": "world", "title": "a", "twinhop": "1"})[:-9], "is damaged: it is cut off"),
    "no gzip": (lambda: b"hello", "is not gzip-compressed"),
    "other gzip": (lambda: gzip.compress(b"hello"), "holds no data of a page"),
    "later": (lambda: of_other_version({"kind": "world", "twinhop": "9"}), "reads version 1: upgrade twinhop"),
    "of no kind": (
        lambda: packed({"kind": "other", "title": "a", "twinhop": "1"}),
        "is damaged: kind is not of its kind",
    ),
    "no title": (lambda: packed({"kind": "plan", "twinhop": "1"}), "is damaged: page has no title"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_data_that_are_none_are_refused_in_a_line(run, tmp_path, make, message):
    (tmp_path / DATA_FILE).write_bytes(make())
    (tmp_path / "report.html").write_text(f"{BEGINNING} as it was")
    done = run("report", tmp_path)
    assert done.code == 2 and message in done.err and done.err.count("\n") == 1 and not done.out
    assert (tmp_path / "report.html").read_text() == f"{BEGINNING} as it was"
    assert sorted(path.name for path in tmp_path.iterdir()) == [DATA_FILE, "report.html"]


def test_folders_without_data(run, tmp_path):
    def refused(path):
        done = run("report", path)
        assert done.code == 2 and done.err.count("\n") == 1
        return done.err

    assert "does not exist; expected a folder" in refused(tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    assert "is a file; expected a folder" in refused(tmp_path / "file")
    assert "run the command again" in refused(tmp_path)
    assert run(*PLAN, "--out", tmp_path / "old").code == 0
    (tmp_path / "old" / DATA_FILE).unlink()
    assert "another version of twinhop wrote it; run twinhop plan with --out again" in refused(tmp_path / "old")
    (tmp_path / "old" / DATA_FILE).mkdir()
    assert "is not a regular file" in refused(tmp_path / "old")
