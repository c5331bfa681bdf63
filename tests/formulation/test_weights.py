"""Rows that stand for many users: the problem of the rows is that of the users, hosted together."""

import itertools
import math

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.formulation import formulate
from twinhop.formulation.weights import weighted
from twinhop.placement import InfeasibleProblem, Placement, PlacementProblem, evaluate
from twinhop.placement.enumeration import optimum
from twinhop.plans.planning import make_case
from twinhop.plans.request import plan
from twinhop.scenario import build_world
from twinhop.scenario.city import city, from_mapping

PROBLEMS = 500


def tiny(seed: int, deadlines: bool):
    """Rows of up to 3 users on up to 3 stations: their weights, and the arrays of one user each."""
    rng = np.random.default_rng(seed)
    rows, stations = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    weight = rng.integers(1, 4, rows).astype(float)
    arrays = {
        "comm_s": rng.uniform(0.01, 0.3, (rows, stations)),
        "root_work": np.sqrt(rng.uniform(0.1, 2.0, rows) * 1e9),
        "capacity": rng.integers(0 if stations > 1 else 1, int(weight.sum()) + 2, stations),
        "energy_j": rng.uniform(0, 0.1, rows),
    }
    if deadlines:
        arrays["update_work"] = rng.uniform(0.01, 0.2, rows) * 1e9
    common = {
        "cpu": rng.uniform(5, 20, stations) * 1e9,
        "opening_s": rng.uniform(0, 0.2, stations),
        "alpha": float(rng.uniform(0.5, 2)),
        "beta": float(rng.uniform(0, 2)),
    }
    late = {}
    if deadlines:
        late = {"update_comm_s": arrays["comm_s"] * 0.1, "deadline_s": rng.uniform(0.05, 0.3, rows)}
    return weight, arrays, common, late


def problem_of_rows(weight, arrays, common, late):
    arrays = weighted(weight, cpu_rule="optimal", **arrays)
    return PlacementProblem(**arrays, **common, **late)


def cheapest_by_hand(weight, arrays, common, host_of_users=False):
    """The least cost of all hosts of rows, or of every user, by the closed form of Eq. 16; inf where none fits."""
    user = np.repeat(np.arange(len(weight)), weight.astype(int))
    units = len(user) if host_of_users else len(weight)
    stations, best = len(common["cpu"]), math.inf
    for hosts in itertools.product(range(stations), repeat=units):
        host = np.array(hosts) if host_of_users else np.array(hosts)[user]
        count = np.bincount(host, minlength=stations)
        if (count > arrays["capacity"]).any():
            continue
        load = np.bincount(host, arrays["root_work"][user], minlength=stations)
        latency = arrays["comm_s"][user, host].sum() + (load**2 / common["cpu"]).sum()
        opening = common["opening_s"][count > 0].sum()
        cost = common["alpha"] * latency / len(user)
        best = min(best, cost + common["beta"] * (opening + arrays["energy_j"][user].mean()))
    return best


def cost(problem: PlacementProblem) -> float:
    least, _ = optimum(problem)
    return problem.alpha / problem.users * least + problem.constant_cost


def test_the_optimum_of_rows_is_that_of_users_hosted_together():
    feasible = 0
    for seed in range(PROBLEMS):
        weight, arrays, common, late = tiny(seed, deadlines=False)
        expected = cheapest_by_hand(weight, arrays, common)
        if not (arrays["capacity"] > 0).any():
            continue
        found = cost(problem_of_rows(weight, arrays, common, late))
        assert found == pytest.approx(expected, rel=1e-9), seed
        feasible += math.isfinite(expected)
    assert feasible > PROBLEMS / 3


def test_every_placement_of_rows_is_priced_and_checked_as_that_of_its_users():
    late_ones = 0
    for seed in range(100):
        weight, arrays, common, late = tiny(1000 + seed, deadlines=True)
        user = np.repeat(np.arange(len(weight)), weight.astype(int))
        of_rows = problem_of_rows(weight, arrays, common, late)
        of_users = PlacementProblem(
            **{name: value if name == "capacity" else value[user] for name, value in arrays.items()},
            **common,
            **{name: value[user] for name, value in late.items()},
        )
        for hosts in itertools.product(range(of_rows.stations), repeat=of_rows.users):
            host = np.array(hosts)
            rows, users = (
                evaluate(problem, Placement(each, np.bincount(each, minlength=of_rows.stations) > 0))
                for problem, each in ((of_rows, host), (of_users, host[user]))
            )
            assert rows.feasible == users.feasible, (seed, hosts)
            if rows.feasible:
                assert rows.cost == pytest.approx(users.cost, rel=1e-12)
                assert rows.update_latency_s[user] == pytest.approx(users.update_latency_s, rel=1e-9)
            late_ones += any(each.kind == "deadline" for each in rows.violations)
            over = {each.station: each.by for each in rows.violations if each.kind == "capacity"}
            assert over == {each.station: each.by for each in users.violations if each.kind == "capacity"}
    assert late_ones


def listed(weights, **sections):
    positions = [[100.0 * i + 37, 61.0 * i % 700] for i in range(len(weights))]
    scenario = city([[100, 100], [800, 200], [400, 700]], positions, history_mbit=8, capacity_users=30, **sections)
    value = scenario.model_dump(by_alias=True, exclude_unset=True)
    rows = [
        {**row, **({} if weight is None else {"weight": weight})}
        for row, weight in zip(value["users"]["list"], weights, strict=True)
    ]
    return from_mapping({**value, "users": {**value["users"], "list": rows}})


def copies(scenario):
    """The same city with a row for every user."""
    value = scenario.model_dump(by_alias=True, exclude_unset=True)
    rows = [
        {**{key: each for key, each in row.items() if key != "weight"}, "id": f"{row['id']}.{copy}"}
        for row in value["users"]["list"]
        for copy in range(int(row.get("weight", 1)))
    ]
    return from_mapping({**value, "users": {**value["users"], "list": rows}})


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"radio": {"bandwidth_rule": "full"}},
        {"radio": {"interference": "full_reuse"}},
        {"radio": {"bandwidth_rule": "full", "interference": "full_reuse"}},
        {"compute": {"cpu_rule": "equal"}},
        {"compute": {"cpu_rule": "proportional"}},
        {"objective": {"aggregation": "sum"}},
        {"cloud": {"host": True, "cpu_gcycles_per_s": 5, "latency_ms": 30}},
    ],
    ids=str,
)
def test_a_city_of_rows_costs_what_its_users_cost(sections):
    rows = listed([3, None, 5, 2], **sections)
    # sizes that are drawn differ between rows and users: state them
    rows = rows.model_copy(update={"users": rows.users.model_copy(update={"update_mbit": 0.5, "deadline_ms": 90.0})})
    users = copies(rows)
    of_rows, of_users = make_case(rows).problem, make_case(users).problem
    assert of_rows.people == of_users.users == 11
    user = np.repeat(np.arange(4), [3, 1, 5, 2])
    for hosts in ([0, 0, 0, 0], [0, 1, 2, 0], [2, 1, 1, 0]):
        host = np.array(hosts)
        opened = np.bincount(host, minlength=of_rows.stations) > 0
        one, other = evaluate(of_rows, Placement(host, opened)), evaluate(of_users, Placement(host[user], opened))
        assert one.cost == pytest.approx(other.cost, rel=1e-12)
        assert one.latency_s == pytest.approx(other.latency_s, rel=1e-12)
        assert one.energy_j == pytest.approx(other.energy_j, rel=1e-12)
        assert one.share[user] / of_rows.weight[user] == pytest.approx(other.share, rel=1e-9)


def test_parts_are_bounded_by_whole_rows_above_and_by_single_users_below():
    for seed in range(40):
        weight, arrays, common, late = tiny(seed, deadlines=False)
        if not (arrays["capacity"] > 0).any() or weight.sum() > 6:
            continue
        whole, single = cheapest_by_hand(weight, arrays, common), cheapest_by_hand(weight, arrays, common, True)
        sizes = [[size] if size < 3 else [2.0, 1.0] for size in weight]
        row = np.repeat(np.arange(len(weight)), [len(each) for each in sizes])
        parts = np.array([size for each in sizes for size in each])
        split = {name: value if name == "capacity" else value[row] for name, value in arrays.items()}
        between = cost(problem_of_rows(parts, split, common, late))
        assert single <= between * (1 + 1e-9)
        if (parts == 1).all():
            assert between == pytest.approx(single, rel=1e-9)
        assert between <= whole * (1 + 1e-9) or math.isinf(whole)


def test_rows_are_split_into_parts_of_whole_users():
    scenario = listed([7, None, 2.5, 3])
    users = scenario.users.model_copy(update={"split": 3})
    problem = make_case(scenario.model_copy(update={"users": users})).problem
    assert problem.user_ids == ("u0/1", "u0/2", "u0/3", "u1", "u2", "u3")
    assert problem.weight.tolist() == [3, 2, 2, 1, 2.5, 3]
    assert problem.people == 13.5
    whole = make_case(scenario).problem
    assert np.allclose(problem.comm_s[0] / problem.part_of_mean[0], whole.comm_s[0] / whole.part_of_mean[0])


def test_a_seat_is_for_a_user_and_a_row_larger_than_every_server_is_refused():
    scenario = listed([40, None])
    with pytest.raises(InfeasibleProblem, match="of up to 40 users fit on no station.*30 seats; users.split"):
        plan(scenario)
    users = scenario.users.model_copy(update={"split": 20})
    assert plan(scenario.model_copy(update={"users": users})).feasible


@pytest.mark.parametrize("weight", [0, -1, math.nan, math.inf, "many", True])
def test_weights_that_count_nobody_are_refused_in_a_line(weight):
    with pytest.raises(InputError) as caught:
        listed([1, weight])
    assert "users.list.1.weight" in str(caught.value) and "\n" not in str(caught.value)


def test_weights_where_users_are_worked_out_one_by_one_are_refused():
    from twinhop import simulate

    service = {"name": "s", "members": {"where": "x_m >= 0"}, "extracted_mbit": 1, "work_gcycles": 1, "period_s": 1}
    with pytest.raises(InputError, match="services: are made of the twins of single users"):
        build_world(listed([2, 1], services=[service]))
    with pytest.raises(InputError, match="simulate, train and environments follow single users"):
        simulate(listed([2, 1]))


def test_a_problem_file_keeps_the_weights(tmp_path):
    from twinhop.placement import load_problem, save_problem

    problem = formulate(build_world(listed([3, 2])))
    save_problem(problem, tmp_path / "p.npz")
    again = load_problem(tmp_path / "p.npz")
    assert again.weight.tolist() == [3, 2] and again.people == 5
    with pytest.raises(InputError, match="with weights, demands are the users"):
        PlacementProblem(**{**problem.arrays(), "demand": [1, 1], "demand_capacity": [9, 9, 9]})
    with pytest.raises(InputError, match="weight: 0 at index 1"):
        PlacementProblem(**{**problem.arrays(), "weight": [1, 0]})
