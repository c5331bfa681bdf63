"""Every kind of distribution: what it draws, what it refuses, and that files hold it exactly."""

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.io.yaml_io import read_yaml
from twinhop.scenario import Scenario, build_world, dump_scenario, expand, json_schema, load_scenario, parse_scenario
from twinhop.scenario.distribution import Choice, LogNormal, Values, draw, lowest
from twinhop.scenario.distribution.field import KINDS

HEAD = "schema_version: 1\nname: a\nstations: {generate: {count: 2}}\n"
POSITIVE = st.floats(1e-6, 1e6)
KIND = st.one_of(
    POSITIVE,
    st.tuples(POSITIVE, POSITIVE).map(lambda pair: {"uniform": sorted(pair)}),
    st.builds(
        lambda name, value, sigma: {"log_normal": {name: value, "sigma": sigma}},
        st.sampled_from(["median", "mean"]),
        POSITIVE,
        st.floats(0, 5),
    ),
    st.lists(POSITIVE, min_size=1, max_size=4).map(lambda values: {"choice": values}),
    st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=4).map(
        lambda pairs: {"choice": [value for value, _ in pairs], "weights": [weight for _, weight in pairs]}
    ),
    st.lists(POSITIVE, min_size=3, max_size=3).map(lambda values: {"list": values}),
)


def log_normal(**parameters):
    return LogNormal.model_validate({"log_normal": parameters})


def users(field):
    return HEAD + "users: {generate: {count: 3}, " + field + "}\n"


def generator():
    return np.random.default_rng(0)


def test_log_normal_has_its_median_and_spread():
    values = draw(log_normal(median=8, sigma=0.5), generator(), 200_000)
    assert np.median(values) == pytest.approx(8, rel=0.01)
    assert np.log(values).std() == pytest.approx(0.5, rel=0.01)
    assert (draw(log_normal(median=8, sigma=0), generator(), 3) == 8).all()


def test_log_normal_has_its_mean():
    assert draw(log_normal(mean=8, sigma=0.7), generator(), 400_000).mean() == pytest.approx(8, rel=0.01)


def test_log_normal_draws_stay_in_the_range_of_files():
    values = draw(log_normal(median=1e15, sigma=5), generator(), 1000)
    assert (values <= 1e15).all() and (values > 0).all()


def test_choice_follows_its_weights():
    kind = Choice(choice=(1, 2, 3), weights=(1, 0, 3))
    values = draw(kind, generator(), 100_000)
    assert (values == 1).mean() == pytest.approx(0.25, abs=0.01) and not (values == 2).any()
    assert set(draw(Choice(choice=(4, 5)), generator(), 100).tolist()) == {4, 5}
    assert lowest(kind) == 1


def test_a_list_is_taken_in_order_and_never_cycled():
    kind = Values.model_validate({"list": [3, 1, 2]})
    assert draw(kind, generator(), 3).tolist() == [3, 1, 2] and lowest(kind) == 1
    with pytest.raises(ValueError, match="holds 3 values; 4 are needed"):
        draw(kind, generator(), 4)


@given(KIND, KIND, KIND)
@settings(max_examples=60, deadline=None)
def test_every_kind_is_read_back_and_expands_to_the_same_world(cpu, history, deadline):
    stations = {"generate": {"count": 3}, "cpu_gcycles_per_s": cpu, "opening_s": history}
    people = {"generate": {"count": 3}, "history_mbit": history, "deadline_ms": deadline}
    scenario = Scenario.model_validate({"schema_version": 1, "name": "a", "stations": stations, "users": people})
    text = dump_scenario(scenario)
    assert parse_scenario(text) == scenario
    jsonschema.Draft202012Validator(json_schema()).validate(read_yaml(text, "a"))
    first, second = build_world(scenario), build_world(parse_scenario(dump_scenario(expand(scenario))))
    for field in ("cpu_cycles_per_s", "opening_s", "history_bits", "update_bits", "deadline_s"):
        assert getattr(first, field).tobytes() == getattr(second, field).tobytes(), field
        assert np.isfinite(getattr(first, field)).all() and (getattr(first, field) > 0).all()


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("history_mbit: {log_normal: {median: 8, sigma: -1}}", "log_normal.sigma: must be 0 or greater (got -1)"),
        ("history_mbit: {log_normal: {median: 8, sigma: 6}}", "log_normal.sigma: must be 5 or less (got 6)"),
        ("history_mbit: {log_normal: {median: 8}}", "log_normal.sigma: is required"),
        ("history_mbit: {log_normal: {sigma: 1}}", "exactly one of median and mean must be given"),
        ("history_mbit: {log_normal: {median: 1, mean: 1, sigma: 1}}", "exactly one of median and mean must be given"),
        ("history_mbit: {log_normal: {median: null, sigma: 1}}", "log_normal.median: must be a number (got nothing)"),
        ("history_mbit: {log_normal: {median: 0, sigma: 1}}", "log_normal.median: must be greater than 0 (got 0)"),
        ("history_mbit: {choice: []}", "history_mbit.choice: holds no value"),
        ("history_mbit: {choice: [1, 2], weights: [1]}", "history_mbit.weights: 1 weights for 2 values"),
        ("history_mbit: {choice: [1, 2], weights: [0, 0]}", "history_mbit.weights: all weights are 0"),
        ("history_mbit: {choice: [-1, 2]}", "users.history_mbit: must be 0 or greater (got -1)"),
        ("deadline_ms: {choice: [0, 2]}", "users.deadline_ms: must be greater than 0 (got 0)"),
        ("history_mbit: {list: [1, 2]}", "users.history_mbit: holds 2 values for 3 users; exactly one each is needed"),
        ("history_mbit: {list: []}", "users.history_mbit.list: holds no value"),
        ("history_mbit: {column: size}", "users.history_mbit.column: a column needs a file: give the users by csv"),
        ("history_mbit: {unifrom: [1, 2]}", "unknown kind of distribution 'unifrom'; did you mean 'uniform'?"),
        ("history_mbit: {}", "exactly one kind of distribution is needed (got none)"),
        (
            "history_mbit: {uniform: [1, 2], choice: [3]}",
            "exactly one kind of distribution is needed (got uniform, choice)",
        ),
        ("history_mbit: {uniform: [1, 2], sigma: 3}", "history_mbit.sigma: unknown field"),
    ],
)
def test_refused_distributions(field, message):
    with pytest.raises(InputError) as caught:
        parse_scenario(users(field), "city.yaml")
    assert "city.yaml:4: " in str(caught.value) and message in str(caught.value)


def test_the_json_schema_is_as_strict_where_it_can_be():
    schema = json_schema()
    for field in (
        "history_mbit: {log_normal: {median: 8, sigma: -1}}",
        "history_mbit: {log_normal: {sigma: 1}}",
        "history_mbit: {log_normal: {median: 8, mean: 8, sigma: 1}}",
        "history_mbit: {choice: []}",
        "history_mbit: {choice: [-1]}",
        "deadline_ms: {list: [0, 1, 2]}",
        "history_mbit: {unifrom: [1, 2]}",
        "history_mbit: {uniform: [1, 2], sigma: 3}",
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(read_yaml(users(field), "a"), schema)
    assert set(KINDS) == {"uniform", "log_normal", "choice", "list", "column"}


def csv_city(tmp_path, header, row, section):
    (tmp_path / "users.csv").write_text(f"{header}\nada,1,2,{row}\nbob,3,4,{row}\n")
    path = tmp_path / "city.yaml"
    path.write_text(HEAD + "users: {csv: users.csv, " + section + "}\n")
    return path


def test_a_column_of_any_name_gives_a_size(tmp_path):
    path = csv_city(
        tmp_path, "id,x_m,y_m,Payload,age", "7.5,120", "history_mbit: {column: payload}, deadline_ms: {column: age}"
    )
    scenario = load_scenario(path)
    world = build_world(scenario)
    assert world.history_bits.tolist() == [7.5e6, 7.5e6] and world.deadline_s.tolist() == [0.12, 0.12]
    assert parse_scenario(dump_scenario(scenario)) == scenario
    assert load_scenario(csv_city(tmp_path, "id,x_m,y_m,history_mbit", "3", "history_mbit: {column: history_mbit}"))


@pytest.mark.parametrize(
    ("header", "row", "section", "message"),
    [
        (
            "id,x_m,y_m,payload",
            "1",
            "history_mbit: {column: paylod}",
            "no column 'paylod' for history_mbit; did you mean 'payload'? the file has id, x_m, y_m, payload",
        ),
        ("id,x_m,y_m", "", "history_mbit: {column: payload}", "no column 'payload' for history_mbit; the file has id"),
        ("a,b,c,d", "", "history_mbit: {column: payload}", "users.csv:1: no header"),
        ("id,x_m,y_m,payload", "", "history_mbit: {column: payload}", "users.csv:2: payload: is empty"),
        (
            "id,x_m,y_m,payload",
            "many",
            "history_mbit: {column: payload}",
            "users.csv:2: history_mbit: must be a number",
        ),
        ("id,x_m,y_m,payload", "-1", "history_mbit: {column: payload}", "history_mbit: must be 0 or greater (got -1)"),
        (
            "id,x_m,y_m,payload,history_mbit",
            "1,2",
            "history_mbit: {column: payload}",
            "the columns 'history_mbit' and 'payload' both give history_mbit",
        ),
        ("id,x_m,y_m,payload", "1", "history_mbit: {column: x_m}", "the column 'x_m' is not a size"),
    ],
)
def test_refused_columns(tmp_path, header, row, section, message):
    path = csv_city(tmp_path, header, row, section)
    if row == "" and header == "id,x_m,y_m":
        (tmp_path / "users.csv").write_text("id,x_m,y_m\nada,1,2\n")
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert message in str(caught.value)
