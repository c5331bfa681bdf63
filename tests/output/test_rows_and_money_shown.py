"""What is shown of rows that stand for many users is what their users have; what is shown in money says so."""

import csv
import dataclasses
import json

import numpy as np
import pytest

import twinhop
from twinhop.output.plans.failure_survey import case_values
from twinhop.output.plans.failure_words import failure_rows, header, sentences
from twinhop.output.plans.plan_sheets import server_rows, servers_sheet, summary_sheet, users_sheet
from twinhop.plans.opened_servers import opened_servers
from twinhop.plans.planner_warnings.radio_load import radio_load
from twinhop.scenario.city import city, from_mapping

WEIGHTS = [3, 1, 5, 2]
ROW = np.repeat(np.arange(4), WEIGHTS)
HOSTS = [0, 1, 1, 0]
DEADLINES_MS = [90.0, 1.0, 90.0, 90.0]
UNIT = "EUR/month"


def town(**sections):
    positions = [[100.0 * i + 37, 61.0 * i % 700] for i in range(4)]
    scenario = city(
        [[100, 100], [800, 200], [400, 700]],
        positions,
        history_mbit=8,
        update_mbit=0.5,
        deadline_ms=DEADLINES_MS,
        capacity_users=30,
        **{"objective": {"deadlines": True}, "load": {"hour": 8, "profile": [1.0, 0.5] * 12}, **sections},
    )
    value = scenario.model_dump(by_alias=True, exclude_unset=True)
    rows = [{**row, "weight": w} for row, w in zip(value["users"]["list"], WEIGHTS, strict=True)]
    return from_mapping({**value, "users": {**value["users"], "list": rows}})


def copies(scenario):
    """The same town with a row for every user."""
    value = scenario.model_dump(by_alias=True, exclude_unset=True)
    rows = [
        {**{key: each for key, each in row.items() if key != "weight"}, "id": f"{row['id']}.{copy}"}
        for row in value["users"]["list"]
        for copy in range(int(row["weight"]))
    ]
    users = {**value["users"], "list": rows, "deadline_ms": {"list": np.array(DEADLINES_MS)[ROW]}}
    return from_mapping({**value, "users": users})


@pytest.fixture(scope="module")
def plans():
    """A plan of the rows, and the same one of their users."""
    rows = town()
    return twinhop.plan(rows, lambda _: HOSTS), twinhop.plan(copies(rows), lambda _: np.array(HOSTS)[ROW])


@pytest.fixture(scope="module")
def in_money():
    return town(
        money={"currency": "EUR", "second": 30.0}, objective={"deadlines": False, "kappa_s_per_j": 0.0}
    ).model_copy(update={"name": "town"})


def test_servers_and_users_of_rows_are_those_of_their_users(plans):
    of_rows, of_users = plans
    assert of_rows.cost == pytest.approx(of_users.cost, rel=1e-12)
    for one, other in zip(opened_servers(of_rows), opened_servers(of_users), strict=True):
        assert dataclasses.asdict(one) == pytest.approx(dataclasses.asdict(other), rel=1e-9)
    assert server_rows(of_rows, opened_servers(of_rows)) == server_rows(of_users, opened_servers(of_users))
    rows, users = users_sheet(of_rows).to_dicts(), users_sheet(of_users).to_dicts()
    assert [row["weight"] for row in rows] == WEIGHTS and "weight" not in users[0]
    for at, row in enumerate(rows):
        for name in ("latency_s", "radio_s", "wired_s", "computing_s", "update_s", "deadline_s"):
            assert users[list(ROW).index(at)][name] == pytest.approx(row[name], rel=1e-9), name
        assert row["radio_s"] + row["wired_s"] + row["computing_s"] == pytest.approx(row["latency_s"], rel=1e-12)
    assert not {"demand", "demand_capacity"} & {*servers_sheet(of_rows).header, *users_sheet(of_rows).header}
    summary = {name: value for name, value, _ in summary_sheet(of_rows).rows}
    assert (summary["users"], summary["rows of users"], summary["unmeetable deadlines"]) == (11, 4, 1)


def test_the_radio_is_loaded_by_all_users_of_a_row(plans):
    of_rows, of_users = (radio_load(plan.case.world, plan.case.radio) for plan in plans)
    assert of_rows == pytest.approx(of_users, rel=1e-12) and of_rows.max() > 0


def test_failures_count_users(plans):
    surveys = [twinhop.survey_failures(plan, failure_moves="stay", failure_deadlines="count") for plan in plans]
    for one, other in zip(*(survey.cases for survey in surveys), strict=True):
        of_rows, of_users = (case_values(survey, case) for survey, case in zip(surveys, (one, other), strict=True))
        assert (of_rows["displaced"], of_rows["moved_users"]) == (of_users["displaced"], of_users["moved_users"])
    assert [row[4:7] for row in failure_rows(surveys[0])] == [row[4:7] for row in failure_rows(surveys[1])]


def test_failures_hours_and_prices_of_a_plan_in_money_name_the_unit(in_money, tmp_path):
    plan = twinhop.plan(in_money)
    survey = twinhop.survey_failures(plan)
    assert header(survey)[1] == f"cost change {UNIT}" and UNIT in next(iter(sentences(survey)))
    survey.save(tmp_path / "failures")
    assert json.loads((tmp_path / "failures" / "failures.json").read_text())["cost_unit"] == UNIT
    assert f"cost change [{UNIT}]" in (tmp_path / "failures" / "failures.tex").read_text()
    with (tmp_path / "failures" / "servers.csv").open(newline="") as stream:
        rents = [float(row["cost_per_month"]) for row in csv.DictReader(stream)]
    assert sum(rents) == pytest.approx(plan.to_json()["terms_in_money"]["rent"])
    summary = {name: (value, unit) for name, value, unit in summary_sheet(plan).rows}
    assert summary["cost"] == (plan.cost, UNIT) and summary["of it rent"][1] == UNIT

    for result, file in (
        (twinhop.price(plan, in_money, [7, 8]), "hours"),
        (twinhop.plan_hours(in_money, [7, 8]), "together"),
    ):
        result.save(tmp_path / file)
        assert result.to_json()["cost_unit"] == UNIT and result.report().count(UNIT) >= 3
        assert f"cost [{UNIT}]" in (tmp_path / file / f"{file}.tex").read_text()
        assert "[s]" not in (tmp_path / file / f"{file}.tex").read_text().replace("latency [s]", "")

    spare = twinhop.plan(in_money, spare=1)
    assert f"cost after {UNIT}" in spare.report()


def test_other_weights_are_no_other_seats(plans, tmp_path):
    """Rows have seats for users; what fits in rows, which follows from the weights, is not what changes."""
    plans[0].save(tmp_path)
    value = town().model_dump(by_alias=True, exclude_unset=True)
    rows = [{**row, "weight": 2 * row["weight"]} for row in value["users"]["list"]]
    again = from_mapping({**value, "users": {**value["users"], "list": rows}})
    limit = {"max_server_changes": 2}
    assert twinhop.plan(again, present=tmp_path / "placement.json", **limit).moves.present.changes == ()
    fewer = from_mapping({**value, "stations": {**value["stations"], "capacity_users": 8}})
    changes = twinhop.plan(fewer, present=tmp_path / "placement.json").moves.present.changes
    assert [(each.what, each.before, each.after) for each in changes] == [("capacity", 30, 8)] * 3
