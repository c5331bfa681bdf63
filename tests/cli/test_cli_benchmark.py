"""`twinhop benchmark` from end to end: table, JSON, files, bad input."""

import json

import pytest

import twinhop

WORDS = ("benchmark", "--tasks", "bench-place-n20-m4", "--policies", "nearest,greedy", "--seeds", "2", "--jobs", "1")


def test_table_and_files(run, tmp_path):
    ended = run(*WORDS, "--out", tmp_path / "out")
    assert ended.code == 0 and ended.err == ""
    assert "placement: 1 task, 2 seeds" in ended.out and "greedy" in ended.out
    for name in ("benchmark.json", "benchmark.parquet", "leaderboard.md", "leaderboard.png"):
        assert (tmp_path / "out" / name).is_file() and name in ended.out.replace("\n", "")
    report = (tmp_path / "out" / "leaderboard.md").read_text()
    assert report.startswith("# Leaderboard\n\n1 task, seeds 1000 to 1001.") and "| bench-place-n20-m4 |" in report


def test_json_and_python_agree(run):
    answer = json.loads(run(*WORDS, "--json").out)
    found = twinhop.benchmark(["nearest", "greedy"], tasks=["bench-place-n20-m4"], seeds=2, jobs=1)
    ours = json.loads(json.dumps(found.to_json()))
    for one, other in zip(answer["leaderboard"]["placement"], ours["leaderboard"]["placement"], strict=True):
        assert one | {"decision_ms": 0} == other | {"decision_ms": 0}


def test_a_missing_city_is_said(run, tmp_path):
    ended = run("benchmark", "--tasks", "bench-place-melbourne", "--data", tmp_path)
    assert ended.code == 2 and ended.out == ""
    assert "needs site-optus-melbCBD.csv and users-melbcbd-generated.csv" in ended.err
    assert len(ended.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--policies", "best"), "no policy named 'best'"),
        (("--tasks", "all-of-them"), "no task named 'all-of-them'"),
        (("--tasks", ","), "--tasks: none is left"),
        (("--policies", "stay", "--tasks", "placement"), "stay fits tasks of migration"),
        (("--data", "nowhere"), "--data: nowhere: no such folder"),
        (("--seeds", "0"), "--seeds"),
        (("--time-limit", "0"), "--time-limit: got 0"),
    ],
)
def test_bad_input_is_one_clear_error(run, tmp_path, words, message):
    ended = run("benchmark", *words, "--out", tmp_path / "out")
    assert ended.code == 2 and ended.out == ""
    assert message in ended.err and "Traceback" not in ended.err
    assert not (tmp_path / "out").exists()
