"""Each row of the table of readings that concerns placement: what its literal form does, against plain loops."""

import math

import numpy as np
import pytest

import twinhop
from twinhop.formulation import formulate
from twinhop.network import utility
from twinhop.placement import PlacementProblem
from twinhop.plans.planning import make_case
from twinhop.plans.service_levels import service_levels
from twinhop.scenario import Scenario, build_world, family
from twinhop.scenario.schema.readings import EVALUATED_ROWS, PLACEMENT_ROWS, Readings

FIELDS = ("comm_s", "root_work", "opening_s", "alpha", "beta", "energy_j", "update_comm_s", "update_work", "deadline_s")


def city(rows=(), default="sound", deadlines=True, **compute):
    scenario = family(40, 5, deadlines=deadlines)
    sections = {"readings": Readings(default=default, rows=dict.fromkeys(rows, "literal"))}
    if compute:
        sections["compute"] = scenario.compute.model_copy(update=compute)
    return scenario.model_copy(update=sections)


def problem(*rows, **more) -> PlacementProblem:
    return formulate(build_world(city(rows, **more)))


def differing(one, two):
    pairs = [(name, getattr(one, name), getattr(two, name)) for name in FIELDS]
    return {name for name, first, second in pairs if not np.array_equal(np.asarray(first), np.asarray(second))}


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        (1, {"comm_s"}),
        (2, set()),
        (3, {"alpha"}),
        (4, {"comm_s", "root_work"}),
        (5, {"root_work", "update_work"}),
        (6, set()),
        (7, {"update_comm_s", "update_work", "deadline_s"}),
        (8, {"opening_s"}),
        (9, set()),
        (10, set()),
        (11, set()),
        (15, set()),
        (26, {"comm_s", "update_comm_s", "energy_j"}),
    ],
)
def test_a_row_changes_its_own_terms_only(row, fields):
    assert differing(problem(), problem(row)) == fields
    assert (problem(row).cpu_rule == "equal") == (row == 9)


def test_every_placement_row_is_in_the_test_above():
    (mark,) = test_a_row_changes_its_own_terms_only.pytestmark
    assert tuple(row for row, _ in mark.args[1]) == PLACEMENT_ROWS


def test_row_7_puts_deadlines_of_their_own_on_the_construction():
    world, literal = build_world(city((7,))), problem(7)
    assert (literal.deadline_s >= 1).all() and (literal.deadline_s <= 4).all() and np.ptp(literal.deadline_s) > 1
    assert literal.update_work == pytest.approx(world.construction_cycles_per_bit * world.history_bits)
    case = make_case(city((7,)))
    wired = np.array([np.hypot(*(world.station_xy_m - world.station_xy_m[b]).T) for b in case.radio.access])
    bits = world.history_bits[:, None]
    assert literal.update_comm_s == pytest.approx(
        bits / case.radio.access_rate_bps[:, None] + bits * wired * world.latency_s_per_bit_m
    )


def test_row_7_needs_deadlines():
    assert problem(7, deadlines=False).deadline_s is None


def test_row_8_makes_servers_free():
    assert not problem(8).opening_s.any()
    plan = twinhop.plan(city((8,), deadlines=False))
    assert plan.solution.evaluation.opening_s == 0 and plan.gap < 0.05


@pytest.mark.parametrize("rule", ["optimal", "equal", "proportional"])
@pytest.mark.parametrize("rows", [(2,), (6,), (15,), (2, 6), (2, 15), (6, 15), (2, 6, 15)])
def test_evaluated_rows_against_plain_loops(rows, rule):
    plan = twinhop.plan(city(rows, deadlines=False, cpu_rule=rule), "nearest")
    case, sound, literal = plan.case, plan.solution.evaluation, plan.literal_evaluation
    arcs, world, access = case.problem, case.world, case.radio.access.tolist()
    n, m = arcs.users, arcs.stations
    work = (arcs.root_work**2).tolist()
    weight = {"optimal": [math.sqrt(w) for w in work], "equal": [1.0] * n, "proportional": work}[rule]
    if 6 in rows:
        shares = [
            world.cpu_cycles_per_s[access[i]] * weight[i] / sum(weight[j] for j in range(n) if access[j] == access[i])
            for i in range(n)
        ]
        computing = sum(work[i] / shares[i] for i in range(n)) / n * (m if 2 in rows else 1)
    elif 2 in rows:
        computing = sum(work[i] / (arcs.cpu[k] * weight[i] / sum(weight)) for i in range(n) for k in range(m)) / n
    else:
        computing = sound.computing_s
    communication = float(arcs.comm_s.sum()) / n if 2 in rows else sound.communication_s
    opening = 0.4 * n if 15 in rows else sound.opening_s
    assert literal.rows == rows
    assert literal.computing_s == pytest.approx(computing, rel=1e-9)
    assert literal.communication_s == pytest.approx(communication, rel=1e-9)
    assert literal.opening_s == pytest.approx(opening, rel=1e-9)
    assert literal.cost == pytest.approx(communication + computing + opening + sound.energy_j, rel=1e-9)


@pytest.mark.parametrize("row", EVALUATED_ROWS)
def test_no_decision_changes_an_evaluated_term(row):
    terms = {2: ("communication_s", "computing_s"), 6: ("computing_s",), 15: ("opening_s",)}[row]
    plans = [twinhop.plan(city((row,), deadlines=False), policy) for policy in ("nearest", "random", "lagrangian")]
    assert len({plan.cost for plan in plans}) == 3
    for term in terms:
        assert len({getattr(plan.literal_evaluation, term) for plan in plans}) == 1, term


def test_plans_of_evaluated_rows_are_the_sound_ones():
    sound, literal = (twinhop.plan(city(rows, deadlines=False)) for rows in ((), EVALUATED_ROWS))
    assert sound.cost == literal.cost and sound.lower_bound == literal.lower_bound
    assert sound.literal_evaluation is None and sound.to_json()["literal_evaluation"] is None
    told = literal.to_json()["literal_evaluation"]
    assert told["rows"] == list(EVALUATED_ROWS) and told["cost"] == literal.literal_evaluation.cost
    assert "As printed in the paper" in literal.report() and "As printed" not in sound.report()


def test_a_problem_file_has_no_literal_evaluation():
    assert twinhop.plan(problem(), "nearest").literal_evaluation is None


def test_row_1_counts_in_the_construction_reported():
    plan = twinhop.plan(city((1,), deadlines=False), "random")
    levels = service_levels(plan)
    assert (levels.construction_s + levels.utilisation).mean() == pytest.approx(plan.solution.evaluation.latency_s)


@pytest.mark.parametrize(("rows", "scale_s"), [((), 0.1), ((11,), 1.0)])
def test_row_11_flattens_the_utility(rows, scale_s):
    plan = twinhop.plan(city(rows), "nearest")
    levels, world = service_levels(plan), plan.case.world
    energy = world.tx_power_w * world.history_bits / plan.case.radio.access_rate_bps
    assert levels.utility == pytest.approx(utility(world.deadline_s, levels.update_s, energy, scale_s=scale_s))
    assert "utility, Eq. 20" in plan.report()


def test_all_rows_at_once_and_one_of_them_sound():
    every = city(default="literal")
    assert all(every.readings.is_literal(row) for row in PLACEMENT_ROWS)
    assert twinhop.plan(every).feasible
    assert not Readings(default="literal", rows={3: "sound"}).is_literal(3)
    assert Readings(default="literal").evaluated() == EVALUATED_ROWS


def test_classes_reach_table_and_report(tmp_path):
    import polars as pl

    value = city().model_dump(by_alias=True, exclude_defaults=True)
    value["users"]["classes"] = [{"name": "car", "share": 0.5, "deadline_ms": 500}, {"name": "none", "share": 0}]
    plan = twinhop.plan(Scenario.model_validate({**value, "schema_version": 1}))
    plan.save(tmp_path)
    rows = pl.read_parquet(tmp_path / "associations.parquet")
    counts = dict(rows.group_by("class").len().iter_rows())
    assert set(counts) == {"car", "default"}
    assert (rows.filter(pl.col("class") == "car")["deadline_s"] == 0.5).all()
    report = (tmp_path / "report.md").read_text().partition("## User classes")[2].partition("##")[0]
    line = next(line for line in report.splitlines() if line.startswith("| car |"))
    assert line.split(" | ")[1] == str(counts["car"]) and f"of {counts['car']}" in line
    assert "| none |" not in report
