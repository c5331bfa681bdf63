"""One plan for many hours, forecasts or samples: what it says, writes and refuses."""

import csv
import json

import matplotlib.pyplot as plt
import numpy as np
import pytest

import twinhop
from twinhop.output.plans.joint_plan import verdict
from twinhop.placement import evaluate
from twinhop.placement.placement import Placement
from twinhop.plans.hours import cases_of_hours
from twinhop.plans.planning import make_case
from twinhop.plans.result import Case
from twinhop.plans.saved_placement import plan_of_saved, read_placement
from twinhop.scenario.city import from_mapping

PROFILE = [*[0.3] * 7, 0.6, *[1.0] * 4, *[0.7] * 12]


@pytest.fixture(scope="module")
def city():
    return from_mapping(
        {
            "schema_version": 1,
            "name": "harbour",
            "area": {"width_m": 1500, "height_m": 1000},
            "stations": {"generate": {"count": 6}, "opening_s": 0.1},
            "users": {"generate": {"count": 40}, "deadline_ms": {"uniform": [200, 400]}},
            "load": {"hour": 8, "profile": PROFILE},
        }
    )


@pytest.fixture(scope="module")
def day(city):
    return twinhop.plan_hours(city, range(6, 12))


def test_a_day_opens_its_servers_once_and_keeps_every_hours_limits(city, day):
    cases = cases_of_hours(city, range(6, 12))
    costs = []
    for case, placement in zip(cases, day.solution.placements, strict=True):
        evaluation = evaluate(case.problem, Placement(placement.host, day.opened))
        assert evaluation.feasible
        costs.append(evaluation.cost)
    assert day.cost == pytest.approx(np.mean(costs), rel=1e-12)
    assert day.lower_bound <= day.cost <= day.lower_bound * 1.02
    assert day.own_mean <= day.lower_bound * (1 + 1e-9)
    assert [row["users"] for row in day.rows()] == [12, 24, 40, 40, 40, 40]
    assert day.labels[day.dearest] == "hour 8"
    assert repr(day).startswith("<JointPlan: harbour, 6 hours, mean, cost ")


def test_hours_alike_are_the_plan_of_one_hour(city):
    alike = twinhop.plan_hours(city, [8, 9, 10], robust="worst")
    alone = twinhop.plan_hours(city, [8])
    assert alike.cost == pytest.approx(alone.cost, rel=1e-3)


def test_weights_say_what_an_hour_counts(city):
    weighted = twinhop.plan_hours(city, [6, 8], weights=[1, 99])
    assert weighted.cost == pytest.approx(0.01 * weighted.solution.costs[0] + 0.99 * weighted.solution.costs[1])


def test_files_hold_the_plan_and_the_placement_is_read_again(city, day, tmp_path):
    names = {path.name for path in day.save(tmp_path)}
    assert names == {
        *(f"together.{suffix}" for suffix in ("json", "md", "csv", "tex", "png")),
        *("hosts.parquet", "placement.json", "map.png", "report.html", "report-data.bin.gz"),
    }
    answer = json.loads((tmp_path / "together.json").read_text())
    assert answer["cost"] == day.cost and answer["open_ids"] == [answer["station_ids"][k] for k in answer["open"]]
    assert len(answer["cases"][0]["host"]) == len(answer["cases"][0]["user_ids"]) == 12
    with (tmp_path / "together.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["case"] for row in rows] == [f"hour {hour}" for hour in range(6, 12)]
    saved = read_placement(tmp_path / "placement.json")
    again = plan_of_saved(cases_of_hours(city, [8])[0], saved)
    assert again.cost == pytest.approx(day.solution.costs[2], rel=1e-12)
    assert (again.solution.placement.open == day.opened).all()
    text = (tmp_path / "together.md").read_text()
    assert text.startswith("# One plan for 6 hours of harbour") and verdict(day) in text


def test_panels_are_drawn_in_given_axes(day):
    figure, axes = plt.subplots(1, 2)
    day.plot(ax=axes[0])
    day.plot(ax=axes[1], panel="users")
    assert axes[0].get_ylabel() == "cost [s]" and axes[1].get_ylabel() == "users"
    assert "hour 8 (dearest)" in day._repr_html_()
    plt.close(figure)


def test_samples_are_those_of_their_seed_and_not_those_of_robustness(city):
    plan = twinhop.plan_samples(city, 3, 0.2, robust="cvar", cvar_level=0.5)
    again = twinhop.plan_samples(city, 2, 0.2)
    assert len({float(case.problem.root_work.sum()) for case in plan.cases}) == 3
    for first, second in zip(again.cases, plan.cases, strict=False):
        assert (first.problem.root_work == second.problem.root_work).all()
    factor = plan.cases[0].problem.root_work ** 2 / make_case(city).problem.root_work ** 2
    assert 0.8 <= factor.min() and factor.max() <= 1.2
    assert plan.lower_bound <= plan.cost


def test_forecasts_are_problems_or_scenarios_of_the_same_stations(city):
    problem = make_case(city).problem
    plan = twinhop.plan_forecasts([city, problem], weights=[3, 1])
    assert plan.labels == ("harbour", "problem") and plan.weight.tolist() == [0.75, 0.25]
    assert isinstance(plan.cases[1], Case) and plan.hours is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"hours": []}, "hours: there are none"),
        ({"hours": [7, 7]}, "7 comes twice"),
        ({"hours": [24]}, "no hour 24"),
        ({"hours": [7, 8], "weights": [1]}, "1 for 2 scenarios"),
        ({"hours": [7, 8], "weights": [1, 0]}, "0 for hour 8"),
        ({"robust": "best"}, "expected mean, worst or cvar"),
        ({"robust": "cvar", "cvar_level": 0}, "above 0 and at most 1"),
        ({"robust": "worst", "cvar_level": 0.1}, "is of cvar alone"),
        ({"time_limit_s": 0}, "more than 0 s"),
    ],
)
def test_what_cannot_be_planned_is_refused_in_a_line(city, options, words):
    with pytest.raises(twinhop.InputError, match=words) as caught:
        twinhop.plan_hours(city, **{"hours": [7]} | options)
    assert "\n" not in str(caught.value)
