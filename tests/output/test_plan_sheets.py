"""Tables of a plan: opened servers, users and moves, the same in CSV, Excel and terminal, from an oracle of its own."""

import csv

import numpy as np
import pytest
from python_calamine import CalamineWorkbook

import twinhop
from twinhop.errors import InputError
from twinhop.output.kit import excel
from twinhop.output.kit.excel import Sheet, write_workbook
from twinhop.output.kit.tables import csv_text
from twinhop.output.plans.plan_sheets import server_rows, servers_sheet, users_sheet
from twinhop.plans.opened_servers import opened_servers
from twinhop.scenario import parse_scenario

TOWN = """schema_version: 1
name: town
area: {width_m: 2000, height_m: 1500, origin: {lat_deg: 52.0, lon_deg: 5.0}}
stations: {list: [
  {id: "=1+2", x_m: 100, y_m: 100, labels: {address: "Corner"}}, {id: "-7", x_m: 900, y_m: 900},
  {id: far, x_m: 1800, y_m: 200, labels: {address: "@roof", opened: "yes"}}]}
users: {generate: {count: 12}, deadline_ms: 150}
objective: {deadlines: true, alpha: 50}
"""


@pytest.fixture(scope="module")
def plan():
    return twinhop.plan(parse_scenario(TOWN), "nearest")


@pytest.fixture(scope="module")
def folder(plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plan")
    plan.save(folder)
    return folder


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_servers_are_what_the_placement_says(plan):
    problem, world, host = plan.case.problem, plan.case.world, plan.solution.placement.host
    work = problem.root_work**2
    servers = opened_servers(plan)
    assert [each.load for each in servers] == sorted((each.load for each in servers), reverse=True)
    assert sum(each.load for each in servers) == pytest.approx(1)
    assert sum(each.users for each in servers) == 12
    for each in servers:
        mine = [i for i in range(12) if host[i] == each.station]
        assert each.users == len(mine) and each.seats == problem.capacity[each.station]
        assert each.load == pytest.approx(sum(work[i] for i in mine) / work.sum())
        updates = sum(world.update_cycles_per_bit * world.update_bits[i] for i in mine) / world.sync_period_s
        assert each.update_load == pytest.approx(updates / problem.cpu[each.station])
        floors = 0.0
        for i in mine:
            left = problem.deadline_s[i] - problem.update_comm_s[i, each.station]
            floors += problem.update_work[i] / left if left > 0 and i not in problem.unmeetable else 0.0
        assert each.deadline_load == pytest.approx(floors / problem.cpu[each.station])
        share = plan.evaluation.share
        latency = np.mean([problem.comm_s[i, each.station] + work[i] / share[i] for i in mine])
        assert each.latency_s == pytest.approx(latency)


def test_users_sum_to_the_plan(plan):
    sheet = users_sheet(plan).to_dicts()
    assert np.mean([row["latency_s"] for row in sheet]) == pytest.approx(plan.evaluation.latency_s)
    for row in sheet:
        assert row["radio_s"] + row["wired_s"] + row["computing_s"] == pytest.approx(row["latency_s"])
        assert row["deadline_kept"] == (row["update_s"] <= row["deadline_s"] * (1 + 1e-8))
        assert plan.hosts[row["user_id"]] == row["host_id"]
        assert row["lat_deg"] == pytest.approx(52.0 + row["y_m"] / 111_200, abs=1e-4)


def test_csv_and_workbook_hold_the_same_rows(plan, folder):
    book = CalamineWorkbook.from_path(str(folder / "plan.xlsx"))
    assert book.sheet_names == ["Summary", "Servers", "Users"]
    for sheet in (servers_sheet(plan), users_sheet(plan)):
        header, *rows = book.get_sheet_by_name(sheet.name).to_python()
        assert header == list(sheet.header)
        lines = read_csv(folder / f"{sheet.name.lower()}.csv")
        assert len(rows) == len(lines) == len(sheet.rows)
        for row, line, values in zip(rows, lines, sheet.rows, strict=True):
            for name, cell, value in zip(header, row, values, strict=True):
                if isinstance(value, str):
                    assert cell == value and line[name].removeprefix("'") == value
                elif isinstance(value, bool):
                    assert cell is value and line[name] == str(value).lower()
                elif value is None:
                    assert (cell, line[name]) == ("", "")
                else:
                    assert float(line[name]) == value and cell == pytest.approx(value, rel=1e-15)
    summary = {name: value for name, value, _ in book.get_sheet_by_name("Summary").to_python()}
    assert summary["cost"] == pytest.approx(plan.cost, rel=1e-15) and summary["users"] == 12


def test_names_never_become_formulas(folder):
    ids = [row["station_id"] for row in read_csv(folder / "servers.csv")]
    assert {"'=1+2", "-7"} <= set(ids)
    addresses = {row["station_id"]: row["address"] for row in read_csv(folder / "servers.csv")}
    assert addresses.get("far", "'@roof") == "'@roof" and addresses["'=1+2"] == "Corner" and addresses["-7"] == ""
    book = CalamineWorkbook.from_path(str(folder / "plan.xlsx")).get_sheet_by_name("Servers").to_python()
    assert "=1+2" in [row[0] for row in book] and "-7" in [row[0] for row in book]
    assert (
        csv_text([{"a": "=x", "b": "+1e3", "c": "-", "d": -1.5, "e": "\tx"}]).splitlines()[1] == "'=x,+1e3,'-,-1.5,'\tx"
    )


def test_the_workbook_is_the_same_bytes_and_has_no_formula(plan, folder, tmp_path):
    plan.save(tmp_path)
    assert (tmp_path / "plan.xlsx").read_bytes() == (folder / "plan.xlsx").read_bytes()
    import zipfile

    with zipfile.ZipFile(folder / "plan.xlsx") as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if "worksheets" in name]
        assert not any("vba" in name.lower() for name in parts.namelist())
    assert len(sheets) == 3
    assert all("<f>" not in text and 'state="frozen"' in text and "<hyperlink" not in text for text in sheets)


def test_odd_values_and_long_tables(tmp_path, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 3)
    rows = [("x" * 40_000, float("nan"), np.float64(0.1), np.int64(3), None)] + [("y", 1.0, 2.0, 3, True)] * 5
    write_workbook(tmp_path / "a.xlsx", [Sheet("Odd [name]: with / signs, and far too long", tuple("abcde"), rows)])
    book = CalamineWorkbook.from_path(str(tmp_path / "a.xlsx"))
    (name,) = book.sheet_names
    assert name == "Odd -name-- with - signs, and f" and len(name) == 31
    cells = book.get_sheet_by_name(name).to_python()
    assert len(cells[1][0]) == 32_767 and cells[1][1:] == ["", 0.1, 3.0, ""]
    assert cells[-1][0] == "... and 3 more rows, in the CSV file" and len(cells) == 5


def test_without_the_extra_there_is_no_workbook(plan, tmp_path, monkeypatch):
    monkeypatch.setattr("twinhop.output.kit.excel.missing_packages", lambda extra: "'xlsxwriter>=3.2'")
    monkeypatch.setattr("twinhop.extras.missing_packages", lambda extra: "'xlsxwriter>=3.2'")
    names = [path.name for path in plan.save(tmp_path)]
    assert {"servers.csv", "users.csv"} <= set(names) and "plan.xlsx" not in names
    with pytest.raises(InputError, match=r"x\.xlsx: needs packages that are not installed: .*excel"):
        write_workbook(tmp_path / "x.xlsx", [Sheet("s", ("a",), [(1,)])])
    assert not (tmp_path / "x.xlsx").exists()


def test_a_problem_file_has_servers_without_positions():
    problem = twinhop.placement.PlacementProblem(
        np.ones((3, 2)), np.ones(3), np.ones(2), np.array([2, 2]), np.zeros(2), 1.0, 1.0
    )
    plan = twinhop.plan(problem)
    sheet = servers_sheet(plan)
    assert sheet.header[:5] == ("station_id", "station", "users", "seats", "load") and "x_m" not in sheet.header
    assert server_rows(plan, opened_servers(plan))[0][0] in ("#0", "#1")
    assert {"communication_s", "latency_s"} <= set(users_sheet(plan).header)
    assert "deadline_kept" not in users_sheet(plan).header
