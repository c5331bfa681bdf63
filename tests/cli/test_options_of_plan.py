"""Options of `twinhop plan` that do not go together say so in a line; none is left aside without a word."""

import itertools
import json

import pytest

TOWN = """schema_version: 1
name: town
area: {width_m: 800, height_m: 600}
stations: {generate: {count: 3}}
users: {generate: {count: 6}}
load: {hour: 0, profile: [1, 0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}
objective: {deadlines: false}
"""
TOGETHER = ("--hours 0,1", "--also town.yaml", "--samples 2 --load 10")
ALONE = (
    *("--policy nearest", "--start nearest", "--without s0", "--without each", "--without-any 1", "--spare 1"),
    *("--failure-moves stay", "--failure-deadlines count", "--from now.json", "--move-cost 1", "--max-moves 1"),
    *("--max-server-changes 1", "--dump-problem dump.npz"),
)
NOT_WITH_SPARE = (
    *("--without s0", "--without each", "--without-any 1", "--from now.json"),
    *("--max-moves 1", "--max-server-changes 1", "--move-cost 1"),
)
#: Pairs of options, and what is said of them.
REFUSED = {
    **{pair: "is for the plan of a single case" for pair in itertools.product(TOGETHER, ALONE)},
    **{pair: "expected one of them" for pair in itertools.combinations(TOGETHER, 2)},
    **{(each, "--problem-format json"): "--problem-format: is for" for each in TOGETHER if "also" not in each},
    **{("--spare 1", other): "plan with spare alone" for other in NOT_WITH_SPARE},
    ("--spare 1", "--policy nearest"): "does not look at failures",
    ("--spare 1", "--start nearest"): "--start: a plan with --spare begins with",
    ("--policy nearest", "--start nearest"): "only lagrangian starts",
    ("--start nonsense", ""): "--start: no policy named 'nonsense'",
    ("--without s0", "--without each"): "expected it alone",
    ("--without s0", "--without-any 1"): "are named as well",
    **{(one, "--max-moves 1"): "keep the placement in --from" for one in ("--without each", "--without-any 1")},
    **{("--without s0", each): "expected with spare" for each in ("--failure-moves stay", "--failure-deadlines count")},
    **{(each, ""): "Name the present placement" for each in ("--move-cost 1", "--max-moves 1")},
    ("--max-server-changes 1", ""): "Name the present placement",
}


@pytest.fixture
def town(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.yaml").write_text(TOWN)
    (tmp_path / "now.json").write_text("{}")
    return tmp_path


def test_what_does_not_go_together_is_refused_in_a_line(run, town):
    for (one, other), words in REFUSED.items():
        ended = run("plan", "town.yaml", *one.split(), *other.split())
        assert (ended.code, ended.out) == (2, ""), (one, other)
        assert ended.err.count("\n") == 1 and words in ended.err, (one, other, ended.err)
        assert {path.name for path in town.iterdir()} == {"town.yaml", "now.json"}, (one, other)


def test_a_start_keeps_the_proof_of_the_search(run):
    ended = run("plan", "family(20, 4)", "--start", "nearest", "--gap", "0", "--json")
    assert (ended.code, ended.err) == (0, "")
    answer = json.loads(ended.out)
    assert answer["policy"] == "lagrangian:start=nearest" and answer["gap"] < 1e-6
