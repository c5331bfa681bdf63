"""`twinhop reproduce` from the command line."""

import pytest

BAD = {
    ("--settings", "n80"): "--settings: got 'n80'; accepted: names such as n80-m5",
    ("--algorithms", "dqn"): "--algorithms: got 'dqn'; accepted: literal, literal-penalty, flat, structured",
    ("--iterations", "30"): "--iterations: got 30; expected a multiple of 50",
}


@pytest.mark.parametrize("options", BAD)
def test_bad_input_is_refused_and_nothing_is_written(run, tmp_path, options):
    out = tmp_path / "out"
    done = run("reproduce", "lu2021", *options, "--out", out)
    assert done.code == 2
    assert done.err.startswith(f"twinhop: {BAD[options]}")
    assert done.out == ""
    assert not out.exists()


def test_files_of_others_are_refused(run, tmp_path):
    """A result that is none, in place of one."""
    place = tmp_path / "runs" / "literal" / "n80-m5"
    place.mkdir(parents=True)
    (place / "seed-0.json").write_text("{}")
    done = run("reproduce", "lu2021", "--out", tmp_path)
    assert done.code == 2
    assert "seed-0.json: is no result of `twinhop reproduce`; delete it" in done.err


def test_help_says_what_it_takes(run):
    text = run("reproduce", "lu2021", "--help").out
    for word in ("--quick", "--settings", "--seeds", "--out", "Fig. 7 to 10"):
        assert word in text
