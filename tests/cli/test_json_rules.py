"""The JSON of all commands keeps one set of rules: version, ids beside indices, a kind of value a name, no per cent."""

import json

import pytest
from every_command import SMALL, commands, words_of, write_files

from twinhop.plans.ids import STATION_KEYS, USER_KEYS
from twinhop.result import SCHEMA_VERSION

#: Calls beside the one of every command, of other answers that it has.
MORE = {
    "plan without": ("plan", "city-small", "--without", "b6", "--policy", "nearest"),
    "plan of a file": ("plan", "FOLDER/problem.json"),
    "plan of nothing": ("plan", "FOLDER/full.json"),
    "plan from": ("plan", SMALL, "--from", "FOLDER/plan/placement.json", "--move-cost", "0.001"),
    "plan without each": ("plan", SMALL, "--without", "each", "--failure-deadlines", "count"),
    "plan of spare": ("plan", SMALL, "--spare", "1"),
    "plan from, limited": ("plan", SMALL, "--from", "FOLDER/plan/placement.json", "--max-server-changes", "1"),
    "plan late": ("plan", "FOLDER/late.yaml"),
    "tradeoff late": ("tradeoff", "FOLDER/late.yaml"),
    "plan failing": ("plan", "FOLDER/tight.json", "--without", "each"),
    "plan hours": ("plan", "FOLDER/town.yaml", "--hours", "0,1"),
    "plan rows": ("plan", "FOLDER/town.yaml"),
    "price hours": ("price", "FOLDER/plan", "FOLDER/town.yaml", "--hours", "0,1"),
    "plan of samples": ("plan", SMALL, "--samples", "2", "--load", "10"),
    "tradeoff in money": ("tradeoff", "FOLDER/town.yaml"),
    "compare of nothing": ("compare", "FOLDER/full.json"),
    "compare worlds": ("compare", SMALL, "--policies", "nearest,lagrangian", "--seeds", "2"),
    "explain of a file": ("explain", "FOLDER/problem.json", "0"),
    "simulate bound": ("simulate", SMALL, "--policies", "stay,replan", "--slots", "3", "--animate", "none", "--bound"),
    "robustness of a city": ("robustness", "city-small", "--policy", "nearest", "--load", "20", "--samples", "5"),
}
#: Rows that stand for many users, hours and money.
TOWN = f"""schema_version: 1
name: town
area: {{width_m: 800, height_m: 600}}
stations: {{list: [{{id: b0, x_m: 90, y_m: 80}}, {{id: b1, x_m: 700, y_m: 500}}], cost_per_month: 40}}
users: {{list: [{{id: u0, x_m: 100, y_m: 90, weight: 2}}, {{id: u1, x_m: 600, y_m: 400}}]}}
load: {{hour: 0, profile: {[1.0] * 24}}}
money: {{currency: EUR, second: 30}}
objective: {{deadlines: false}}
"""
#: Keys that stand for two things, each in a part of an answer of its own: counts of a table's rows and lists of them, a
#: flag of a row and the number of the row that has it, and settings that are named as what they set.
OF_ANY_KIND = {
    *("value", "state", "version", "default", "about", "best", "wins", "users", "worlds", "parts", "moves", "slots"),
    *("updates", "speed_mps", "may_be_best", "knee", "dearest", "steps"),
}
#: Mappings whose keys are names of what the answer is about, not fields.
KEYED_BY_DATA = {"kinds", "classes", "attributes", "state", "observed_s", "costs"}
#: Commands whose answers take training, a traffic simulator, or a server (`test_cli_device.py` has that one).
ELSEWHERE = {"train", "transfer", "evaluate", "import sumo", "device"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("answers")
    write_files(folder)
    full = json.loads((folder / "problem.json").read_text()) | {"capacity": [1, 0]}
    (folder / "full.json").write_text(json.dumps(full))
    tight = json.loads((folder / "problem.json").read_text()) | {"capacity": [1, 1]}
    (folder / "tight.json").write_text(json.dumps(tight))
    (folder / "town.yaml").write_text(TOWN)
    late = TOWN.replace(", weight: 2", "").replace("second: 30", "second: 30, missed_deadline: 1")
    (folder / "late.yaml").write_text(late.replace("deadlines: false", "deadlines: true"))
    return folder


def answer(run, words):
    done = run(*words, "--json")
    assert done.out, (words, done.err)
    return json.loads(done.out)


def values_of(value, path=()):
    """Every key of an answer with its path, its value and the mapping that it stands in."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield (*path, key), each, value
            if key not in KEYED_BY_DATA:
                yield from values_of(each, (*path, key))
    elif isinstance(value, list):
        for each in value:
            yield from values_of(each, path)


def kind_of(value):
    """What a value is; a list is what its first one is, a spread (its mean and the like) what it is a spread of."""
    if isinstance(value, bool):
        return "truth"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return kind_of(value[0]) if value else None
    if isinstance(value, dict):
        return "number" if "mean" in value else "mapping"
    return None


def check_rules(name, value):
    """What is wrong with one answer."""
    for path, each, within in values_of(value):
        key, where = path[-1], f"{name}: {'.'.join(path)}"
        assert "percent" not in key and not key.endswith("_pct"), where
        for beside in (STATION_KEYS.get(key), USER_KEYS.get(key)):
            if beside is not None:
                ids = f"{beside}s" if isinstance(each, list) else beside
                assert ids in within or (each is None and f"{beside}s" in within), f"{where} has no {ids} beside it"
                if isinstance(each, list):
                    assert len(within[ids]) == len(each), where
                    assert all(type(at) is int for at in each), where
                else:
                    assert each is None or type(each) is int, where
        if key.endswith("_id"):
            assert each is None or isinstance(each, str), where
        if key.endswith("_ids"):
            assert all(isinstance(one, str) for one in each or ()), where
        if key == "gap" and each is not None:
            assert 0 <= each < 10, where


def with_json():
    return [name for name, command in commands().items() if any("--json" in each.opts for each in command.params)]


def test_all_answers(folder, tmp_path, run):
    answers = {}
    for name in with_json():
        if name not in ELSEWHERE:
            answers[name] = answer(run, words_of(name, folder, tmp_path / name.replace(" ", "-")))
    assert run("plan", SMALL, "--policy", "nearest", "--out", folder / "plan").code == 0
    for name, words in MORE.items():
        answers[name] = answer(run, [word.replace("FOLDER", str(folder)) for word in words])
    answers["plan --out"] = json.loads((folder / "plan" / "placement.json").read_text())
    kinds = {}
    for name, value in answers.items():
        assert next(iter(value.items())) == ("schema_version", SCHEMA_VERSION), name
        check_rules(name, value)
        for path, each, _ in values_of(value):
            kind = kind_of(each)
            if kind is not None and path[-1] not in OF_ANY_KIND:
                kinds.setdefault(path[-1], {}).setdefault(kind, f"{name}: {'.'.join(path)}")
    several = {key: found for key, found in kinds.items() if len(found) > 1}
    assert not several, json.dumps(several, indent=1)
