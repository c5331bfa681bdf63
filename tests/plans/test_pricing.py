"""A given plan at other hours: its hosts kept, priced by hand, beside a bound that no plan of the hour undercuts."""

import itertools
import json
import math

import numpy as np
import pytest

import twinhop
from twinhop.errors import InputError
from twinhop.placement import Placement, PlacementProblem, evaluate, save_problem
from twinhop.placement.given_plan import bound_near
from twinhop.plans.hours import cases_of_hours
from twinhop.plans.planning import make_case
from twinhop.plans.saved_placement import SavedPlacement, saved
from twinhop.scenario import load_scenario
from twinhop.scenario.city import from_mapping

PROFILE = [0.2] * 8 + [1.0] * 8 + [0.5] * 8


def with_load(name="family(12, 3)", **load):
    value = load_scenario(name).model_dump(by_alias=True, exclude_unset=True)
    return from_mapping({**value, "load": {"hour": 12, "profile": PROFILE, **load}})


def by_hand(problem, host, opened):
    """Cost of Eq. 16 without deadlines, from the problem's arrays alone."""
    latency = problem.comm_s[np.arange(len(host)), host].sum()
    for k in range(problem.stations):
        latency += problem.root_work[host == k].sum() ** 2 / problem.cpu[k]
    constant = 0.0 if problem.energy_j is None else problem.energy_j.mean()
    return problem.alpha * latency / len(host) + problem.beta * (problem.opening_s[opened].sum() + constant)


def cheapest(problem):
    hosts = itertools.product(range(problem.stations), repeat=problem.users)
    costs = (by_hand(problem, np.array(each), np.unique(each)) for each in hosts if seated_within(problem, each))
    return min(costs, default=math.inf)


def seated_within(problem, host):
    return (np.bincount(host, minlength=problem.stations) <= problem.capacity).all()


def tiny(seed, users=5):
    rng = np.random.default_rng(seed)
    n, m = users, int(rng.integers(2, 4))
    return PlacementProblem(
        comm_s=rng.uniform(0.01, 0.3, (n, m)),
        root_work=np.sqrt(rng.uniform(0.1, 2, n) * 1e9),
        cpu=rng.uniform(5, 20, m) * 1e9,
        capacity=rng.integers(2, 6, m),
        opening_s=rng.uniform(0, 0.3, m),
        alpha=1.0,
        beta=1.0,
        user_ids=tuple(f"u{i}" for i in range(n)),
        station_ids=tuple(f"b{k}" for k in range(m)),
    )


def test_cost_and_bound_of_every_hour_against_brute_force():
    """500 hours of tiny demands: the cost is that by hand, and no plan of the hour costs less than its bound."""
    priced = feasible = 0
    for seed in range(500):
        problem = tiny(seed)
        rng = np.random.default_rng(seed)
        host = rng.integers(0, problem.stations, problem.users)
        opened = np.unique(host)
        given = SavedPlacement(
            "given", problem.station_ids, problem.user_ids, host, np.isin(np.arange(problem.stations), opened)
        )
        (hour,) = twinhop.price(given, problem).hours
        assert hour.cost == pytest.approx(by_hand(problem, host, opened), rel=1e-12)
        within = seated_within(problem, host)
        assert bool(hour.violations) != within
        if seed % 10 == 0:
            least = cheapest(problem)
            feasible += math.isfinite(least)
            assert (hour.lower_bound is None) == math.isinf(least)
            if hour.lower_bound is not None:
                assert hour.lower_bound <= least * (1 + 1e-12)
                assert hour.lower_bound == pytest.approx(least, rel=1e-6)
                assert not within or hour.distance >= -1e-12
        priced += 1
    assert priced == 500 and feasible > 20


def test_a_bound_from_a_known_plan_is_below_every_plan():
    for seed in range(40):
        problem = tiny(seed)
        least = cheapest(problem)
        if math.isinf(least):
            continue
        host = np.random.default_rng(seed).integers(0, problem.stations, problem.users)
        bound, cost = bound_near(problem, host)
        assert bound <= least * (1 + 1e-12) and cost >= least * (1 - 1e-12)


def test_there_is_no_distance_from_a_bound_that_rounding_leaves_below_zero():
    """Everybody could be served for nothing; the plan has them where it costs 1 s."""
    users, stations = 60, 12
    rng = np.random.default_rng(0)
    comm_s = rng.uniform(0, 1, (users, stations))
    comm_s[np.arange(users), rng.integers(1, stations, users)] = 0.0
    comm_s[:, 0] = 1.0
    nothing = np.zeros(stations)
    problem = PlacementProblem(comm_s, np.zeros(users), nothing + 1, np.full(stations, users), nothing, 1.0, 1.0)
    names = tuple(map(problem.station_name, range(stations))), tuple(map(problem.user_name, range(users)))
    priced = twinhop.price(
        SavedPlacement("x.json", *names, np.zeros(users, np.int64), np.arange(stations) == 0), problem
    )
    assert priced.mean_cost == pytest.approx(1.0) and priced.mean_bound <= 0
    assert priced.distance is None and priced.hours[0].distance is None


def test_a_plan_keeps_its_hosts_in_every_hour_and_newcomers_are_seated_where_they_add_least():
    scenario = with_load()
    plan = twinhop.plan(scenario.model_copy(update={"load": scenario.load.model_copy(update={"hour": 20})}))
    result = twinhop.price(plan, scenario, [0, 12, 20])
    cases = cases_of_hours(scenario, [0, 12, 20])
    for hour, case in zip(result.hours, cases, strict=True):
        problem = case.problem
        expected = [plan.hosts.get(name) for name in problem.user_ids]
        known = [at for at, name in enumerate(expected) if name is not None]
        assert [problem.station_name(int(hour.host[at])) for at in known] == [expected[at] for at in known]
        load = np.bincount(hour.host[known], problem.root_work[known], minlength=problem.stations)
        opened = hour.open
        for i in sorted(set(range(problem.users)) - set(known)):  # in the order of the scenario
            added = [
                problem.comm_s[i, k] + ((load[k] + problem.root_work[i]) ** 2 - load[k] ** 2) / problem.cpu[k]
                if opened[k]
                else math.inf
                for k in range(problem.stations)
            ]
            assert hour.host[i] == int(np.argmin(added))
            load[hour.host[i]] += problem.root_work[i]
        assert hour.cost == pytest.approx(by_hand(problem, hour.host, np.flatnonzero(opened)), rel=1e-12)
    first, second, third = result.hours
    assert (first.seated.size, second.seated.size, third.seated.size) == (0, 6, 0)
    assert first.absent == 4 and third.absent == 0
    assert third.cost == pytest.approx(plan.cost) and third.distance <= plan.gap + 1e-12
    assert result.mean_cost == pytest.approx(np.mean([each.cost for each in result.hours]))
    assert result.worst is max(result.hours, key=lambda each: each.cost)


def test_the_bound_of_an_hour_is_that_of_its_own_problem():
    scenario = with_load("family(25, 4, deadlines=on)")
    plan = twinhop.plan(scenario)
    result = twinhop.price(plan, scenario, [3, 4, 12])
    for hour in result.hours:
        own = twinhop.plan(scenario.model_copy(update={"load": scenario.load.model_copy(update={"hour": hour.hour})}))
        assert hour.lower_bound <= own.cost * (1 + 1e-12)
        assert hour.lower_bound >= 0.95 * own.lower_bound
    assert result.hours[0].lower_bound == result.hours[1].lower_bound  # the same problem, looked at once
    tight = twinhop.price(plan, scenario, [12], gap=0.01).hours[0]
    assert tight.best_cost <= tight.lower_bound * 1.01


def test_all_hours_where_there_is_a_load_and_the_source_as_it_is_where_not():
    plan = twinhop.plan(with_load())
    assert [each.hour for each in twinhop.price(plan, with_load()).hours] == list(range(24))
    (once,) = twinhop.price(plan, "family(12, 3)").hours
    assert once.hour is None and once.cost == pytest.approx(plan.cost)


def test_servers_that_are_gone_full_or_out_of_reach():
    problem = tiny(3)
    gone = SavedPlacement("given", ("b0", "away"), problem.user_ids, np.array([0, 1, 0, 1, 0]), np.array([True, True]))
    (hour,) = twinhop.price(gone, problem).hours
    assert hour.seated.tolist() == [1, 3] and (hour.host == 0).all()
    assert hour.violations == ({"capacity": 1} if problem.capacity[0] < 5 else {})
    comm_s = problem.comm_s.copy()
    comm_s[1, 0] = np.inf
    (lost,) = twinhop.price(gone, PlacementProblem(**{**vars_of(problem), "comm_s": comm_s})).hours
    assert lost.unplaced.tolist() == [1] and lost.cost is None and lost.violations["unplaced"] == 1
    assert json.loads(json.dumps(twinhop.price(gone, problem).to_json()))["hours"][0]["seated"] == 2


def vars_of(problem):
    names = ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta", "user_ids", "station_ids")
    return {name: getattr(problem, name) for name in names}


def test_another_demand_with_other_users_takes_the_servers_alone():
    plan = twinhop.plan("family(12, 3)")
    given = saved(plan)
    renamed = SavedPlacement("given", given.station_ids, tuple(f"x{i}" for i in range(12)), given.host, given.open)
    (hour,) = twinhop.price(renamed, "family(12, 3)").hours
    assert hour.seated.size == 12 and hour.absent == 12 and hour.cost is not None


def test_what_cannot_be_priced_is_refused_in_a_line(tmp_path):
    plan = twinhop.plan("family(12, 3)")
    elsewhere = SavedPlacement("given", ("other",), ("u0",), np.array([0]), np.array([True]))
    for words, arguments in (
        ("none of its 1 station", (elsewhere, "family(12, 3)")),
        ("has no section load", (plan, "family(12, 3)", [3])),
        ("hours: got none", (plan, with_load(), [])),
        ("no hour 24", (plan, with_load(), [24])),
        ("is a problem", (plan, make_case("family(12, 3)").problem, [3])),
    ):
        with pytest.raises(InputError, match=words):
            twinhop.price(*arguments)
    with pytest.raises(InputError, match="gap: got -1"):
        twinhop.price(plan, "family(12, 3)", gap=-1)


def test_a_folder_of_a_plan_and_a_problem_file(tmp_path):
    plan = twinhop.plan("family(12, 3)")
    given = saved(plan)
    file = {"station_ids": given.station_ids, "user_ids": given.user_ids, "host": given.host.tolist()}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "placement.json").write_text(json.dumps(file))
    save_problem(plan.case.problem, tmp_path / "p.npz")
    assert twinhop.price(tmp_path / "out", "family(12, 3)").hours[0].cost == pytest.approx(plan.cost)
    given = SavedPlacement(
        "g",
        tuple(f"#{k}" for k in range(3)),
        tuple(f"#{i}" for i in range(12)),
        plan.solution.placement.host,
        plan.solution.placement.open,
    )
    assert twinhop.price(given, tmp_path / "p.npz").hours[0].cost == pytest.approx(plan.cost)


def test_weights_are_priced_as_their_users():
    scenario = with_load(scales="weight", profile=[float(hour % 5) for hour in range(24)])
    plan = twinhop.plan(scenario)
    result = twinhop.price(plan, scenario, [1, 4])
    one, four = result.hours
    assert (one.case.problem.people, four.case.problem.people) == (12, 48)
    expected = evaluate(four.case.problem, Placement(four.host, four.open))
    assert four.cost == expected.cost > one.cost
    assert four.row()["people"] == 48
    with pytest.raises(InputError, match="nobody is there in hour 5"):
        twinhop.price(plan, scenario, [5])
