"""The objective in money: rents and the value of a second, against costs worked out by hand and by brute force."""

import itertools
import json
import math

import numpy as np
import pytest
from oracle import Oracle, minimum_share

import twinhop
from twinhop.errors import InputError
from twinhop.formulation import formulate
from twinhop.placement import Placement, PlacementProblem, evaluate, solve
from twinhop.placement.decision import Ending
from twinhop.placement.given_plan import bound_near
from twinhop.placement.priced_deadlines import PricedDeadlines
from twinhop.placement.two_stage import TwoStageProblem, solve_two_stage
from twinhop.scenario import build_world, expand, parse_scenario
from twinhop.scenario.city import city, from_mapping

#: Costs by hand and by the package agree to this, relatively.
AGREEMENT = 1e-9


def town(seed=0, users=None, stations=None, **changes):
    """A small town with rents, and what a second is worth."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 5)) if users is None else users
    m = int(rng.integers(1, 4)) if stations is None else stations
    rents = rng.uniform(0, 800, m) * (rng.random(m) < 0.9)
    sections = {
        "money": {"currency": "EUR", "second": float(rng.uniform(0.1, 300))},
        "objective": {"deadlines": False, "kappa_s_per_j": float(rng.uniform(0, 2))},
    }
    for name, change in changes.items():
        sections[name] = {**sections.get(name, {}), **change}
    return city(
        rng.uniform(0, 2000, (m, 2)),
        rng.uniform(0, 2000, (n, 2)),
        seed=seed,
        capacity_users="all",
        cost_per_month=rents,
        cpu_gcycles_per_s=rng.uniform(4, 24, m),
        **sections,
    )


def by_hand(scenario, host):
    """Rents of the stations in use plus what the summed latency and the energy are worth, from the scenario."""
    world = build_world(scenario)
    seconds = formulate(build_world(scenario.model_copy(update={"money": None})))
    used, price = set(host), scenario.money.second
    rent = sum(scenario.stations.cost_per_month.values[k] for k in used)
    latency = sum(seconds.comm_s[i][k] for i, k in enumerate(host))
    for k in used:
        root_work = sum(seconds.root_work[i] for i in range(seconds.users) if host[i] == k)
        latency += root_work**2 / world.cpu_cycles_per_s[k]
    return rent + price * latency + price * sum(seconds.energy_j)


@pytest.mark.parametrize("seeds", [range(40), pytest.param(range(40, 500), marks=pytest.mark.slow)])
def test_costs_and_bounds_in_money_agree_with_brute_force_on_tiny_towns(seeds):
    for seed in seeds:
        scenario = town(seed)
        problem = formulate(build_world(scenario))
        best = min(by_hand(scenario, host) for host in itertools.product(range(problem.stations), repeat=problem.users))
        solution = solve(problem, "lagrangian", seed=seed)
        assert solution.cost == pytest.approx(by_hand(scenario, solution.placement.host.tolist()), rel=AGREEMENT)
        assert solution.lower_bound <= best * (1 + 1e-12) and solution.cost >= best * (1 - AGREEMENT)
        assert problem.cost_unit == "EUR/month"


@pytest.mark.parametrize("seed", range(5))
def test_money_is_the_cost_in_seconds_times_what_a_second_of_the_mean_costs(seed):
    scenario = town(seed, users=20, stations=5)
    in_seconds = formulate(
        build_world(
            from_mapping(
                {
                    **{
                        key: value
                        for key, value in scenario.model_dump(by_alias=True, exclude_unset=True).items()
                        if key != "money"
                    },
                    "stations": {
                        **{
                            key: value
                            for key, value in scenario.stations.model_dump(by_alias=True, exclude_unset=True).items()
                            if key != "cost_per_month"
                        },
                        "opening_s": {
                            "list": [
                                rent / (scenario.money.second * 20) for rent in scenario.stations.cost_per_month.values
                            ]
                        },
                    },
                }
            )
        )
    )
    in_money = formulate(build_world(scenario))
    factor = scenario.money.second * 20
    seconds, money = solve(in_seconds, gap=0), solve(in_money, gap=0)
    assert money.cost == pytest.approx(factor * seconds.cost, rel=AGREEMENT)
    assert money.lower_bound == pytest.approx(factor * seconds.lower_bound, rel=1e-6)
    assert in_money.opening_s.tolist() == pytest.approx(in_seconds.opening_s.tolist())


def test_openings_in_seconds_are_worth_what_seconds_are_worth():
    scenario = city(3, 30, opening_s=0.2, objective={"deadlines": False}, money={"currency": "CHF", "second": 5.0})
    problem = formulate(build_world(scenario))
    assert problem.beta * problem.opening_s == pytest.approx([0.2 * 5 * 30] * 3)


def test_a_written_out_town_costs_the_same():
    scenario = town(3, users=12, stations=4)
    written = expand(scenario)
    assert written.stations.rows[0].opening_s is None
    plans = [twinhop.plan(each).cost for each in (scenario, written)]
    assert plans[0] == plans[1]


def test_every_output_names_the_currency(tmp_path):
    scenario = town(1, users=30, stations=5)
    plan = twinhop.plan(scenario)
    answer = plan.to_json()
    assert answer["currency"] == "EUR" and answer["cost_unit"] == "EUR/month"
    assert sum(answer["terms_in_money"].values()) == pytest.approx(answer["cost"])
    report = plan.report()
    assert f"| cost | {plan.cost:.2f} EUR/month |" in report and "rent [EUR/month]" in report
    assert "In EUR/month: by how much" in report
    tradeoff = twinhop.tradeoff(scenario)
    assert "EUR/month" in tradeoff.report() and tradeoff.to_json()["cost_unit"] == "EUR/month"
    tradeoff.save(tmp_path / "tradeoff")
    assert "cost [EUR/month]" in (tmp_path / "tradeoff" / "tradeoff.tex").read_text()
    comparison = twinhop.compare(scenario, ["nearest", "lagrangian"])
    assert "rent [EUR/month]" in comparison.report() and "EUR/month" in comparison.bound_in_words()
    seeds = twinhop.compare(scenario, ["nearest", "lagrangian"], seeds=2)
    assert "EUR/month" in seeds.report() and seeds.to_json()["currency"] == "EUR"
    assert (
        "EUR/month more" in twinhop.explain(plan, 0).report() or "EUR/month less" in twinhop.explain(plan, 0).report()
    )
    robust = twinhop.robustness(plan, 0.2, 3)
    assert "cost (EUR/month)" in robust.report() and robust.to_json()["currency"] == "EUR"
    failing = twinhop.plan(scenario, without=[str(plan.hosts["u0"])])
    assert "EUR/month" in failing.report().split("## What fails")[1]


def test_axes_of_figures_are_in_money():
    scenario = town(1, users=30, stations=5)
    plan = twinhop.plan(scenario)
    labels = [
        twinhop.tradeoff(scenario).plot().axes[0].get_ylabel(),
        twinhop.compare(scenario, ["nearest", "lagrangian"]).plot().axes[0].get_xlabel(),
        twinhop.explain(plan, 0).plot().axes[0].get_xlabel(),
        twinhop.robustness(plan, 0.2, 3).plot().axes[0].get_xlabel(),
    ]
    assert all("[EUR/month]" in label for label in labels), labels


def test_a_simulation_counts_rents_and_the_users_of_the_moment(tmp_path):
    scenario = town(2, users=12, stations=4, movement={}, money={"currency": "EUR", "second": 50.0})
    simulation = twinhop.simulate(scenario, ["stay"], slots=3, bound=True)
    facts = simulation.to_json()
    assert facts["cost_unit"] == "EUR/month"
    row = facts["policies"][0]
    assert row["terms"]["communication"] + row["terms"]["computing"] == pytest.approx(
        50.0 * 12 * row["latency_mean_s"], rel=1e-9
    )
    assert facts["offline_bound"] <= row["cost"]
    assert "cost EUR/month" in simulation.report() and " ms a slot" not in simulation.report()


def soft(seed, users=None):
    """A tiny town in which deadlines may be missed at a price, and share a slow CPU."""
    rng = np.random.default_rng([seed, 7])
    price = float(rng.uniform(0.05, 30))
    return city(
        rng.uniform(0, 600, (int(rng.integers(1, 4)), 2)),
        rng.uniform(0, 600, (int(rng.integers(1, 5)) if users is None else users, 2)),
        seed=seed,
        capacity_users="all",
        cost_per_month=float(rng.uniform(0, 60)),
        cpu_gcycles_per_s={"uniform": [0.3, 3]},
        deadline_ms={"uniform": [5, 60]},
        money={"currency": "EUR", "second": float(rng.uniform(0.5, 30)), "missed_deadline": price},
    )


def least_by_hand(scenario, host, problem):
    """The least cost of these hosts over every choice of the deadlines that are kept."""
    deadlines, n = problem.priced_deadlines, problem.users
    arrays = {
        "comm_s": problem.latency_comm_s,
        "root_work": problem.root_work,
        "cpu": problem.cpu,
        "capacity": problem.capacity,
        "opening_s": problem.opening_s,
        "alpha": problem.alpha,
        "beta": problem.beta,
        "energy_j": problem.energy_j,
    }
    best = math.inf
    for kept in itertools.product((False, True), repeat=n):
        oracle = Oracle(arrays)
        for i, k in enumerate(host):
            share = minimum_share(deadlines.update_work[i], deadlines.deadline_s[i], deadlines.update_comm_s[i][k])
            oracle.floor[i][k] = share if kept[i] else 0.0
        cost = oracle.cost(host)
        best = min(best, cost + scenario.money.missed_deadline * (n - sum(kept)))
    return best


@pytest.mark.parametrize("seed", [*range(16), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(16, 200))])
def test_missed_deadlines_are_priced_and_no_plan_beats_the_bound(seed):
    scenario = soft(seed)
    problem = formulate(build_world(scenario))
    solution = solve(problem, "lagrangian", seed=seed)
    host = solution.placement.host.tolist()
    best = min(
        least_by_hand(scenario, each, problem)
        for each in itertools.product(range(problem.stations), repeat=problem.users)
    )
    assert solution.lower_bound <= best * (1 + 1e-9)
    assert solution.cost >= best * (1 - 1e-7)
    late = solution.evaluation.late
    money = scenario.money
    terms = problem.alpha * solution.evaluation.latency_s + money.missed_deadline * late.sum()
    terms += problem.beta * (solution.evaluation.opening_s + solution.evaluation.energy_j)
    assert solution.cost == pytest.approx(terms, rel=AGREEMENT)
    update = solution.evaluation.update_latency_s
    assert np.array_equal(late, update > problem.priced_deadlines.deadline_s * (1 + 1e-7)), host
    assert solution.evaluation.feasible


def one_server(cpu_rule="optimal", priced=True):
    """Two users on one server; at a price the deadline of one takes nine tenths of the CPU, 50 s if it is missed."""
    deadlines = PricedDeadlines(np.zeros((2, 1)), np.array([0.9, 0.0]), np.ones(2), np.ones(1), 50.0)
    return PlacementProblem(
        comm_s=np.full((2, 1), 0.1),
        root_work=np.array([1.0, 1.0 if priced else 3.0]),
        cpu=np.ones(1),
        capacity=np.array([2]),
        opening_s=np.zeros(1),
        alpha=1.0,
        beta=1.0,
        cpu_rule=cpu_rule,
        priced_deadlines=deadlines if priced else None,
    )


@pytest.mark.parametrize("policy", ["lagrangian", "exact", "maddpg"])
@pytest.mark.parametrize(
    ("problem", "cost"),
    [(one_server(), 0.1 + (1 / 0.9 + 10) / 2), (one_server("equal", priced=False), 0.1 + 2 * (1 + 9) / 2)],
    ids=["deadlines", "equal shares"],
)
def test_a_plan_that_costs_more_than_the_bound_is_not_called_proved(problem, cost, policy):
    """The search knows neither what it takes to keep deadlines nor another rule for the CPU; the cost has both."""
    solution = solve(problem, policy)
    assert solution.cost == pytest.approx(cost)
    assert solution.lower_bound < 0.9 * cost
    assert solution.ended not in (Ending.PROVEN, Ending.GAP)


def test_the_best_cost_on_the_way_to_a_bound_counts_what_keeping_deadlines_takes():
    problem = one_server()
    cost = 0.1 + (1 / 0.9 + 10) / 2
    bound, found = bound_near(problem, np.zeros(2, np.int64))
    assert found == pytest.approx(cost) and bound <= 2.1
    assert solve_two_stage(TwoStageProblem((problem, problem))).own_cost == pytest.approx([cost, cost])


def test_what_a_move_would_change_counts_missed_deadlines():
    for seed in range(6):
        plan = twinhop.plan(soft(seed, users=4))
        problem, placement = plan.solution.problem, plan.solution.placement
        for each in twinhop.explain(plan, 0).possible:
            host = placement.host.copy()
            host[0] = each.station
            moved = evaluate(problem, Placement.of_hosts(host, problem.stations))
            used = evaluate(problem, Placement.of_hosts(placement.host, problem.stations))
            assert each.change.total == pytest.approx(moved.cost - used.cost, rel=1e-6, abs=1e-9)


def test_a_plan_with_missed_deadlines_says_so(tmp_path):
    scenario = soft(4, users=4)
    plan = twinhop.plan(scenario)
    answer = plan.to_json()
    assert answer["terms_in_money"]["missed_deadlines"] == pytest.approx(
        len(answer["missed_users"]) * scenario.money.missed_deadline
    )
    plan.save(tmp_path / "plan")
    assert "each other one costs" in (tmp_path / "plan" / "report.md").read_text()
    json.loads((tmp_path / "plan" / "placement.json").read_text())
    with pytest.raises(InputError, match="missed_deadline: prices plans of one moment"):
        twinhop.simulate(scenario, ["stay"], slots=2)


TOWN = """
schema_version: 1
name: town
stations: {generate: {count: 3}, cost_per_month: 500}
users: {generate: {count: 9}}
objective: {deadlines: false}
money: {currency: EUR, second: 20}
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (", second: 20", "", "money.second: is required beside a currency: what one second less"),
        ("second: 20", "second: -1", "money.second: must be greater than 0"),
        ("second: 20", "second: 0", "money.second: must be greater than 0"),
        ("second: 20", "second: .nan", "money.second: must be a finite number"),
        ("currency: EUR, ", "", "money.currency: is required"),
        ("currency: EUR", "currency: E U R", "money.currency: must be a code of letters such as EUR"),
        ("month: 500", "month: -5", "stations.cost_per_month: must be 0 or greater"),
        ("month: 500", "month: .nan", "stations.cost_per_month: must be a finite number"),
        ("money: {currency: EUR, second: 20}", "", "stations.cost_per_month: needs money: {currency: EUR, second"),
        ("month: 500", "month: 500, opening_s: 0.2", "stations.opening_s: stations state cost_per_month"),
        ("deadlines: false", "alpha: 2", "objective.alpha: where money is given, prices weigh the cost; must be 1"),
        ("deadlines: false", "aggregation: sum", "objective.aggregation: where money is given"),
        ("second: 20}", "second: 20, missed_deadline: 1}", "money.missed_deadline: needs objective.deadlines: true"),
        ("false}", "false}\nmigration: {opening_s: 1}", "migration.opening_s: the stations state cost_per_month"),
        ("false}", "false}\nreadings: {rows: {3: literal}}", "readings: row 3, literal, divides"),
    ],
)
def test_wrong_prices_are_refused_in_one_line(before, after, message):
    assert before in TOWN
    with pytest.raises(InputError) as error:
        parse_scenario(TOWN.replace(before, after), "town.yaml")
    assert message in str(error.value) and "\n" not in str(error.value)


def test_stations_that_mix_money_and_seconds_are_refused():
    rows = [{"id": "a", "x_m": 0, "y_m": 0, "cost_per_month": 5}, {"id": "b", "x_m": 9, "y_m": 0}]
    value = {
        "schema_version": 1,
        "name": "mixed",
        "users": {"generate": {"count": 3}},
        "money": {"currency": "EUR", "second": 1},
    }
    with pytest.raises(InputError, match=r"list\.1\.cost_per_month: is required, as other stations state one"):
        from_mapping({**value, "stations": {"list": rows}})
    rows[1] |= {"opening_s": 0.1}
    with pytest.raises(InputError, match=r"list\.1\.opening_s: stations state cost_per_month; state one of the two"):
        from_mapping({**value, "stations": {"list": rows}})
    rows[1] = {"id": "b", "x_m": 9, "y_m": 0, "host": False}
    from_mapping({**value, "stations": {"list": rows}})
