"""Users of Parquet files and of large CSV files: the same users as row by row, and every fault named in a line."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from twinhop.errors import InputError
from twinhop.scenario import build_world, dump_scenario, expand, load_scenario
from twinhop.scenario.files import user_columns

HEAD = "schema_version: 1\nname: t\nseed: 4\nstations: {generate: {count: 3}}\n"
CLASSES = "classes: [{name: car, share: 0.5, update_mbit: 2}, {name: robot, share: 0.2, deadline_ms: 20}]"
N = 40


def frame(**columns: object) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    given = {"id": [f"c{i}" for i in range(N)], "x_m": rng.random(N) * 900, "y_m": rng.random(N) * 900}
    given |= {"history_mbit": rng.random(N) + 5, "deadline_ms": rng.random(N) * 50 + 60}
    return pl.DataFrame({name: value for name, value in (given | columns).items() if value is not None})


def scenario_file(folder: Path, table: pl.DataFrame, field: str = "parquet", more: str = "", head: str = HEAD) -> Path:
    name = f"users.{field}"
    table.write_parquet(folder / name) if field == "parquet" else table.write_csv(folder / name)
    path = folder / f"{field}.yaml"
    path.write_text(f"{head}users: {{{field}: {name}{', ' + more if more else ''}}}\n")
    return path


def worlds_equal(one, other) -> bool:
    names = ("user_xy_m", "history_bits", "update_bits", "tau_s", "tx_power_w", "user_class")
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return same and tuple(one.user_ids) == tuple(other.user_ids) and one.class_names == other.class_names


@pytest.mark.parametrize("columns", [{}, {"class": ["car", "robot", "default", "car"] * (N // 4)}])
def test_columns_are_the_users_of_the_rows(tmp_path: Path, columns: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    more = CLASSES if columns else ""
    table = frame(**columns)
    rows = load_scenario(scenario_file(tmp_path, table, "csv", more))
    assert rows.users.rows is not None
    whole = build_world(rows)
    parquet = load_scenario(scenario_file(tmp_path, table, "parquet", more))
    assert parquet.users.rows is None and worlds_equal(build_world(parquet), whole)
    monkeypatch.setattr(user_columns, "LARGEST_TABLE_BYTES", 100)
    monkeypatch.setattr(user_columns, "SLICE_ROWS", 7)
    large = load_scenario(scenario_file(tmp_path, table, "csv", more))
    assert large.users.rows is None and worlds_equal(build_world(large), whole)
    sliced = load_scenario(scenario_file(tmp_path, table, "parquet", more))
    assert sliced == parquet and worlds_equal(build_world(sliced), whole)


def test_without_ids_and_with_columns_of_other_names_and_types(tmp_path: Path) -> None:
    table = frame(id=None, payload=np.arange(N, dtype=np.int16), note=["x"] * N).cast({"x_m": pl.Float32})
    scenario = load_scenario(scenario_file(tmp_path, table, more="update_mbit: {column: payload}"))
    world = build_world(scenario)
    assert world.user_ids[:2] == ("u0", "u1")
    assert np.array_equal(world.update_bits, np.arange(N) * 1e6)
    assert scenario.notes == (f"{tmp_path}/users.parquet: columns that are not used: note",)
    assert build_world(load_scenario(scenario_file(tmp_path, frame(id=np.arange(N) + 7)))).user_ids[0] == "7"


def test_latitude_and_longitude_are_projected_as_those_of_rows(tmp_path: Path) -> None:
    place = {"x_m": None, "y_m": None, "lat": np.linspace(52, 52.01, N), "lon": np.linspace(13, 13.01, N)}
    head = HEAD + "area: {width_m: 2000, height_m: 2000, origin: {lat_deg: 52, lon_deg: 13}}\n"
    parquet = load_scenario(scenario_file(tmp_path, frame(**place), head=head))
    csv = load_scenario(scenario_file(tmp_path, frame(**place), "csv", head=head))
    assert worlds_equal(build_world(parquet), build_world(csv))
    with pytest.raises(InputError, match="gives lat, lon; state where"):
        load_scenario(scenario_file(tmp_path, frame(**place)))


def with_at(values: object, at: int, value: object) -> list:
    changed = list(values)  # type: ignore[call-overload]
    changed[at] = value
    return changed


X = np.linspace(1, 900, N)
BAD = {
    "missing": ({"x_m": None}, r"the columns x_m and y_m, or lat and lon, are missing \(got y_m; the file has id, y_m"),
    "both": ({"lat": X / 100, "lon": X / 100}, "has both x_m, y_m and lat, lon; leave one pair out"),
    "null": ({"x_m": with_at(X, 16, None)}, "column 'x_m', row 17 of 40: is empty"),
    "null id": ({"id": with_at(range(N), 3, None)}, "column 'id', row 4 of 40: is empty"),
    "blank id": ({"id": with_at(map(str, range(N)), 3, " ")}, "column 'id', row 4 of 40: is blank"),
    "nan": (
        {"y_m": with_at(X, 38, float("nan"))},
        r"'y_m', row 39 of 40: y_m must be from -1e\+08 to 1e\+08 \(got nan",
    ),
    "infinite": ({"x_m": with_at(X, 0, float("inf"))}, r"row 1 of 40: x_m must be .* \(got inf\)"),
    "negative": ({"history_mbit": with_at(X, 5, -1.0)}, r"row 6 of 40: history_mbit must be from 0 to 1e\+15 \(got -1"),
    "no deadline": ({"deadline_ms": [0.0] * N}, r"deadline_ms must be more than 0 .* \(got 0\) \(6 more among"),
    "text": ({"x_m": [str(each) for each in X]}, "column 'x_m': holds String; expected numbers"),
    "twice": ({"id": with_at(range(N), 30, 5)}, "'id', row 31 of 40: duplicate id '5'; row 6 has it already"),
    "float ids": ({"id": X}, "column 'id': holds Float64; ids are text or whole numbers"),
    "class": ({"class": with_at(["car"] * N, 9, "cra")}, "row 10 of 40: unknown class 'cra'; did you mean 'car'"),
    "class type": ({"class": X}, "column 'class': holds Float64; classes are text"),
    "weight": ({"weight": X}, "column 'weight': weight is read row by row only"),
    "empty": (None, "has 0 rows; expected from 1 to 20000000 users"),
}


@pytest.mark.parametrize("name", BAD)
def test_faults_are_one_line_with_column_and_first_row(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_columns, "SLICE_ROWS", 7)
    columns, words = BAD[name]
    table = frame().clear() if columns is None else frame(**columns)
    with pytest.raises(InputError, match=words) as caught:
        load_scenario(scenario_file(tmp_path, table, more=CLASSES))
    assert "\n" not in str(caught.value) and "users.parquet" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,x_m,y_m\na,1,2\nb,,3\n", r"users.csv:3: x_m: must be a finite number \(got nothing\)$"),
        ("id,x_m,y_m\na,1,2\nb,zwei,3\n", r"users.csv:3: x_m: must be a finite number \(got 'zwei'\)$"),
        ("id,x_m,y_m\na,1,2\nb,1\n", r"users.csv:3: has 2 fields; the header names 3$"),
        ("id,x_m,y_m\na,1,2\na,3,3\n", "duplicate id 'a'; row 1 has it already"),
        ("id,x_m\na,1\n", r"or lat and lon, are missing \(got x_m"),
        ("id,x_m,y_m\n", "has no rows"),
    ],
)
def test_faults_of_large_csv_files_name_the_line(
    text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(user_columns, "LARGEST_TABLE_BYTES", 1)
    (tmp_path / "users.csv").write_text(text)
    (tmp_path / "s.yaml").write_text(HEAD + "users: {csv: users.csv}\n")
    with pytest.raises(InputError, match=words) as caught:
        load_scenario(tmp_path / "s.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ("{parquet: no.parquet}", "no.parquet: file not found"),
        ("{parquet: ../u.parquet}", "must stay under the folder"),
        ("{parquet: t.yaml}", "not a Parquet table that can be read"),
        ("{parquet: a, csv: b}", r"exactly one of generate, list, csv, parquet must be given \(got 2\)"),
    ],
)
def test_paths(users: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(f"{HEAD}users: {users}\n")
    with pytest.raises(InputError, match=words):
        load_scenario(tmp_path / "t.yaml")


def test_written_out_the_users_are_listed(tmp_path: Path) -> None:
    scenario = load_scenario(scenario_file(tmp_path, frame()))
    again = expand(scenario)
    assert again.users.rows is not None
    assert worlds_equal(build_world(again), build_world(scenario))
    assert "parquet: users.parquet" in dump_scenario(scenario)
