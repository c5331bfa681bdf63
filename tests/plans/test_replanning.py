"""Planning from a saved placement: costs of moves, who is matched, what stays."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import Oracle, random_tiny
from problem_makers import deadline_arrays, feasible_seeds, roomy_arrays, tiny

import twinhop
from twinhop.placement import PlacementProblem, evaluate
from twinhop.placement.decision import Ending
from twinhop.placement.move_costs import with_move_costs
from twinhop.plans.planning import make_case
from twinhop.plans.result import Plan
from twinhop.plans.saved_placement import SavedPlacement, as_saved, plan_of_saved, present, read_placement

SMALL = "family(30, 5, deadlines=on)"


def of_hosts(problem, host):
    """A saved placement of a problem, from nowhere."""
    opened = np.zeros(problem.stations, bool)
    opened[host] = True
    stations = tuple(map(problem.station_name, range(problem.stations)))
    users = tuple(map(problem.user_name, range(problem.users)))
    return SavedPlacement("now.json", stations, users, np.asarray(host, np.int64), opened)


def best_with_moves(arrays, host, move_cost_s):
    """The optimum by brute force where each move costs something; the oracle shares no code with the program."""
    users, stations = arrays["comm_s"].shape
    comm = arrays["comm_s"] + move_cost_s * (np.arange(stations) != np.asarray(host)[:, None])
    return Oracle(arrays | {"comm_s": comm}).optimum()


@settings(max_examples=100, deadline=None)
@given(
    feasible_seeds(),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.01, 0.1, 1.0, 1e3]),
    st.sampled_from(["lagrangian", "nearest"]),
)
def test_the_cost_is_the_plan_and_its_moves(seed, start_seed, move_cost_s, policy):
    arrays = tiny(seed)[0]
    problem = PlacementProblem(**arrays)
    host = np.random.default_rng(start_seed).integers(0, problem.stations, problem.users)
    plan = twinhop.plan(problem, policy, present=of_hosts(problem, host), move_cost_s=move_cost_s)
    after = plan.solution.placement.host
    moves = int((after != host).sum())
    own = evaluate(problem, plan.solution.placement)
    assert [move["user"] for move in plan.to_json()["moves"]] == np.flatnonzero(after != host).tolist()
    if not np.isfinite(own.cost):
        return
    assert plan.evaluation.cost == own.cost
    scaled = problem.alpha / problem.users * move_cost_s * moves
    assert plan.moves.cost == pytest.approx(scaled)
    assert plan.cost == pytest.approx(own.cost + scaled, rel=1e-9)
    if plan.lower_bound is not None:
        best = best_with_moves(arrays, host, move_cost_s)
        assert plan.solution.certificate.lower_bound <= best * (1 + 1e-9) + 1e-12
        assert plan.cost >= best - 1e-9 * max(1.0, best)


@pytest.mark.parametrize("source", [SMALL, "family(40, 6, capacity=9)"])
def test_without_a_cost_it_is_the_ordinary_plan(source):
    start = twinhop.plan(source, "nearest")
    plain, again = twinhop.plan(source), twinhop.plan(source, present=start)
    assert again.hosts == plain.hosts
    assert (again.cost, again.lower_bound) == (plain.cost, plain.lower_bound)
    moved = {user for user, host in plain.hosts.items() if start.hosts[user] != host}
    assert len(again.to_json()["moves"]) == len(moved) > 0


@pytest.mark.parametrize("source", [SMALL, "family(40, 6, capacity=9)", "city-small"])
def test_dear_moves_are_not_made(source):
    """Whatever feasible placement there is stays, also one that no solver would find."""
    for policy in ("greedy", "lagrangian"):
        start = twinhop.plan(source, policy)
        assert start.feasible
        plan = twinhop.plan(source, present=start, move_cost_s=1e3)
        assert plan.hosts == start.hosts
        assert plan.moves.users.size == 0
        assert plan.cost == pytest.approx(start.cost, rel=1e-12)


def test_dearer_moves_are_fewer_and_the_plan_itself_costs_more():
    start = twinhop.plan("family(60, 8)", "least_loaded")
    counts, own = [], []
    for move_cost_s in (0.0, 0.05, 0.2, 1.0, 50.0):
        plan = twinhop.plan("family(60, 8)", present=start, move_cost_s=move_cost_s)
        counts.append(plan.moves.users.size)
        own.append(plan.evaluation.cost)
        assert plan.gap < 0.02
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
    assert own == sorted(own)


def test_costs_of_moves_are_on_the_arcs():
    problem = PlacementProblem(**roomy_arrays(3, 2))
    changed = with_move_costs(problem, np.array([0, 1, -1]), 2.0)
    assert np.array_equal(changed.comm_s - problem.comm_s > 1, [[False, True], [True, False], [False, False]])
    assert with_move_costs(problem, np.array([0, 1, -1]), 0.0) is problem


def test_infeasible_present_hosts_are_left():
    """A present host that is full, late or forbidden makes nothing infeasible; leaving it costs a move."""
    arrays = deadline_arrays(8, 3, seed=1, deadline_s=(0.2, 0.4)) | {"capacity": np.array([3, 3, 3])}
    arrays["comm_s"] = arrays["comm_s"].copy()
    arrays["comm_s"][0, 0] = np.inf
    problem = PlacementProblem(**arrays)
    plan = twinhop.plan(problem, present=of_hosts(problem, np.zeros(8, int)), move_cost_s=5.0)
    assert plan.feasible
    first = plan.to_json()["moves"][0]
    to = int(plan.solution.placement.host[0])
    ids = {"user_id": "#0", "from_id": "#0", "to_id": f"#{to}"}
    assert first == {"user": 0, "from": 0, "to": to, "host_gone": True, **ids}
    assert plan.moves.users.size == 5


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_cost_must_be_a_number(value):
    start = twinhop.plan(SMALL, "nearest")
    with pytest.raises(twinhop.InputError, match="move cost: got .*; expected a finite number of seconds >= 0"):
        twinhop.plan(SMALL, present=start, move_cost_s=value)


def test_a_cost_needs_a_present():
    with pytest.raises(twinhop.InputError, match="from where do the twins move"):
        twinhop.plan(SMALL, move_cost_s=1.0)


# A limit on moves.


def small_enough(count):
    """The first seeds of tiny problems whose placements can all be priced by the oracle."""
    seeds = (seed for seed in itertools.count() if len(random_tiny(seed)["root_work"]) <= 5)
    return list(itertools.islice(seeds, count))


def test_few_moves_gain_nearly_as_much_as_many():
    start = twinhop.plan("lu2021-n80-m5", "nearest")
    plans = [twinhop.plan("lu2021-n80-m5", present=start, max_moves=most) for most in (0, 5, 20, 80)]
    costs = [plan.cost for plan in plans]
    assert costs == sorted(costs, reverse=True)
    assert [plan.moves.users.size <= plan.moves.most for plan in plans] == [True] * 4
    assert plans[0].hosts == start.hosts and plans[0].cost == pytest.approx(start.cost)
    assert all(plan.gap < 0.02 for plan in plans)
    assert plans[3].to_json()["max_moves"] == 80 and "At most 20 may." in plans[2].report()


@pytest.mark.parametrize("policy", ["lagrangian", "exact"])
def test_a_limit_holds_where_time_is_up_before_few_move(policy):
    start = twinhop.plan("lu2021-n80-m5", "nearest")
    plan = twinhop.plan("lu2021-n80-m5", policy, present=start, max_moves=3, time_limit_s=1e-9)
    assert plan.feasible and plan.moves.users.size <= 3 and plan.solution.timed_out


@pytest.mark.parametrize("tiny_s", [1e-9, 1.0])
def test_a_limit_holds_where_a_move_saves_far_more_than_its_link(tiny_s):
    """Opening costs a million times what links do: only a move that costs as much is not worth it."""
    arrays = roomy_arrays(4, 3)
    problem = PlacementProblem(**arrays | {"comm_s": tiny_s * arrays["comm_s"], "opening_s": np.full(3, 50.0)})
    host = [0, 0, 1, 2]
    plan = twinhop.plan(problem, present=of_hosts(problem, host), max_moves=0)
    assert plan.solution.placement.host.tolist() == host and plan.feasible


def test_what_is_proved_with_a_limit_is_the_plan_and_not_the_one_at_the_last_price():
    """Between two prices no plan need have as many moves as may be; the gap that is left is said."""
    endings = []
    for seed in small_enough(40):
        arrays, rng = random_tiny(seed), np.random.default_rng([seed, 7])
        problem, host = PlacementProblem(**arrays), rng.integers(0, arrays["comm_s"].shape[1], len(arrays["root_work"]))
        try:
            plan = twinhop.plan(problem, "lagrangian", present=of_hosts(problem, host), max_moves=2, gap=0.0)
        except (twinhop.InputError, twinhop.InfeasibleProblem):
            continue
        endings.append((plan.solution.ended, plan.gap))
    assert any(gap > 1e-3 for _, gap in endings)
    assert all(gap < 1e-8 for ended, gap in endings if ended is Ending.PROVEN)


def test_a_bound_with_a_limit_is_called_one_and_tells_no_prices():
    """The optimum of a tiny problem is searched whole, without the limit: what it tells is of other plans."""
    for seed in small_enough(40):
        arrays, rng = random_tiny(seed), np.random.default_rng([seed, 7])
        problem, host = PlacementProblem(**arrays), rng.integers(0, arrays["comm_s"].shape[1], len(arrays["root_work"]))
        try:
            plan = twinhop.plan(problem, "lagrangian", present=of_hosts(problem, host), max_moves=2)
        except (twinhop.InputError, twinhop.InfeasibleProblem):
            continue
        if plan.solution.certificate.method == "move-price":
            break
    assert plan.shadow_prices is None
    assert "No plan that keeps the constraints and the limit on moves costs less" in plan.report()


def test_a_limit_below_what_must_move_is_refused():
    problem = PlacementProblem(**roomy_arrays(6, 3) | {"capacity": np.array([1, 6, 6])})
    start = of_hosts(problem, [0, 0, 0, 1, 1, 1])
    with pytest.raises(twinhop.InputError, match="max moves: got 1, but 2 twins must move: .*; accepted: 2 and more"):
        twinhop.plan(problem, present=start, max_moves=1)
    assert twinhop.plan(problem, present=start, max_moves=2).moves.users.size == 2
    with pytest.raises(twinhop.InputError, match="max moves: got -1; expected a whole number"):
        twinhop.plan(problem, present=start, max_moves=-1)
    with pytest.raises(twinhop.InputError, match="max moves: from where do the twins move"):
        twinhop.plan(problem, max_moves=1)


# Saved placements.


def test_a_file_of_which_all_users_or_all_stations_are_gone_is_taken_and_asked_about(saved):
    plan, path, value = saved
    path.write_text(change(value, user_ids=[f"x{i}" for i in range(30)]))
    again = twinhop.plan(SMALL, present=path)
    assert again.hosts == plan.hosts and again.moves.present.new_users.size == 30
    assert any("none of the 30 users of" in note and "is it the right file?" in note for note in again.notes)
    path.write_text(change(value, station_ids=[f"x{k}" for k in range(5)]))
    again = twinhop.plan(SMALL, present=path, max_moves=30)
    assert again.moves.host_gone.sum() == 30 and again.cost == pytest.approx(plan.cost)
    assert set(again.moves.present.closed_servers) == {f"x{k}" for k in value["open"]}


def test_sites_that_can_do_something_else_are_in_the_table(saved):
    _, path, value = saved
    value["sites"]["capacity"][2] -= 13
    value["sites"]["cpu"][1] *= 2
    value["sites"]["opening_s"][0] = 0.125
    path.write_text(json.dumps(value))
    plan = twinhop.plan(SMALL, present=path)
    problem = plan.case.problem
    assert [(each.what, each.name, each.after) for each in plan.moves.present.changes] == [
        ("capacity", "b2", problem.capacity[2]),
        ("CPU", "b1", problem.cpu[1]),
        ("opening", "b0", problem.opening_s[0]),
    ]
    assert f"| sites with another opening cost | 1 | b0 (0.125 to {problem.opening_s[0]:.6g} s) |" in plan.report()
    del value["sites"]
    path.write_text(json.dumps(value))
    (note,) = twinhop.plan(SMALL, present=path).notes
    assert "does not say what its sites could do" in note


def test_a_plan_without_failing_hosts_says_what_their_sites_can_do(tmp_path):
    twinhop.plan(SMALL, without=["b0"]).save(tmp_path)
    again = twinhop.plan(SMALL, present=tmp_path / "placement.json")
    assert again.moves.present.changes == () and "Nothing of users and sites since" in again.report()


@pytest.fixture
def saved(tmp_path):
    """A plan and its file as JSON values."""
    plan = twinhop.plan(SMALL)
    plan.save(tmp_path)
    return plan, tmp_path / "placement.json", json.loads((tmp_path / "placement.json").read_text())


def test_a_plan_comes_back_from_its_file(saved):
    plan, path, _ = saved
    again = plan_of_saved(plan.case, path)
    assert again.hosts == plan.hosts
    assert again.cost == plan.cost
    assert (again.solution.policy, again.lower_bound, again.notes) == ("lagrangian", None, ())
    assert read_placement(path).source == plan.case.name


def test_the_order_of_the_file_does_not_matter(saved):
    plan, path, value = saved
    rng = np.random.default_rng(0)
    users, stations = rng.permutation(30), rng.permutation(5)
    rank = np.argsort(stations)
    value["user_ids"] = [value["user_ids"][i] for i in users]
    value["host"] = [int(rank[value["host"][i]]) for i in users]
    value["station_ids"] = [value["station_ids"][k] for k in stations]
    value["open"] = sorted(int(rank[k]) for k in value["open"])
    path.write_text(json.dumps(value))
    assert plan_of_saved(plan.case, path).hosts == plan.hosts


def test_users_who_are_new_are_free(saved):
    plan, path, value = saved
    value["user_ids"], value["host"] = value["user_ids"][:28], value["host"][:28]
    path.write_text(json.dumps(value))
    again = twinhop.plan(SMALL, present=path, move_cost_s=1e3)
    assert again.to_json()["new_users"] == [28, 29]
    assert again.moves.users.size == 0
    assert again.cost == pytest.approx(again.evaluation.cost)
    assert "| new users | 2 | u28, u29 |" in again.report()
    assert [(each["what"], each["name"]) for each in again.to_json()["changes"]] == [
        ("new user", "u28"),
        ("new user", "u29"),
    ]
    with pytest.raises(twinhop.InputError, match=r"2 users \(u28, u29\) of .* missing; plan them first, with --from"):
        plan_of_saved(plan.case, path)


def test_users_who_left_and_stations_that_closed_are_named_and_left_out(saved):
    plan, path, value = saved
    closed, users = value["host"][0], value["user_ids"]
    value["user_ids"] = ["ada", *users[1:29], "bob"]  # u0 and u29 are new
    value["station_ids"][closed] = "attic"
    path.write_text(json.dumps(value))
    again = twinhop.plan(SMALL, present=path, move_cost_s=0.25)
    answer, problem = again.to_json(), again.case.problem
    forced = [i for i in range(1, 29) if value["host"][i] == closed]
    assert forced and answer["new_users"] == [0, 29]
    assert (answer["left_user_ids"], answer["closed_station_ids"]) == (["ada", "bob"], ["attic"])
    gone = [move for move in answer["moves"] if move["from"] is None]
    assert [move["user"] for move in gone] == forced
    assert all(move["from_id"] == "attic" and move["host_gone"] for move in gone)
    assert again.cost == pytest.approx(again.evaluation.cost + problem.alpha / 30 * 0.25 * len(answer["moves"]))
    assert "| users who left | 2 | ada, bob |\n| new users | 2 | u0, u29 |" in again.report()
    assert f"| sites that closed | 1 | attic ({value['host'].count(closed)} twins) |" in again.report()
    assert "| u" in again.report() and "| attic |" in again.report()
    with pytest.raises(twinhop.InputError, match="1 station .attic. that .* does not have; plan them first"):
        value["user_ids"] = users
        path.write_text(json.dumps(value))
        plan_of_saved(plan.case, path)


def test_those_who_must_leave_a_closed_station_pay_wherever_they_go(saved):
    _, path, value = saved
    value["station_ids"][value["host"][0]] = "attic"
    path.write_text(json.dumps(value))
    free, charged = (twinhop.plan(SMALL, present=path, move_cost_s=cost) for cost in (0.0, 1e3))
    forced = value["host"].count(value["host"][0])
    assert charged.moves.users.size == forced <= free.moves.users.size
    assert charged.lower_bound >= charged.case.problem.alpha / 30 * 1e3 * forced
    assert charged.lower_bound <= charged.cost * (1 + 1e-9)


def test_hosts_with_more_twins_than_seats_are_named():
    problem = PlacementProblem(**roomy_arrays(6, 3) | {"capacity": np.array([2, 6, 6])})
    plan = twinhop.plan(problem, present=of_hosts(problem, [0, 0, 0, 1, 1, 1]), move_cost_s=5.0)
    assert plan.notes == ("#0 hosts 3 twins in now.json and has 2 seats in 'problem'",)
    assert plan.moves.users.size == 1


def test_another_seed_is_told(saved):
    _, path, _ = saved
    (note,) = twinhop.plan(SMALL, seed=5, present=path).notes
    assert "made with seed 0, this is" in note and "seed 5" in note


def change(value, **fields):
    return json.dumps(value | fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (lambda v: "{", r"placement.json:1: not valid JSON"),
        (lambda v: "[]", "is no saved placement; expected the placement.json of"),
        (lambda v: change({k: v[k] for k in v if k != "user_ids"}), "is no saved placement"),
        (lambda v: change(v, host=v["host"][:-1]), "host: 29 entries for 30 user_ids"),
        (lambda v: change(v, host=[99, *v["host"][1:]]), "host: expected a list of whole numbers from 0 to 4"),
        (lambda v: change(v, host=[True, *v["host"][1:]]), "host: expected a list of whole numbers"),
        (lambda v: change(v, host="0"), "host: expected a list of whole numbers"),
        (lambda v: change(v, open=[-1]), "open: expected a list of whole numbers"),
        (lambda v: change(v, user_ids=["u1", *v["user_ids"][1:]]), "user_ids: 'u1' comes more than once"),
        (lambda v: change(v, station_ids=[1, 2, 3, 4, 5]), "station_ids: expected a list of texts"),
        (lambda v: change(v, sites=[]), "sites: expected lists of 5 numbers, one a station, by their names"),
        (lambda v: change(v, sites={"capacity": [1]}), "sites: expected lists of 5 numbers"),
        (lambda v: change(v, sites={"cpu": ["a"] * 5}), "sites: expected lists of 5 numbers"),
        (
            lambda v: change(v, station_ids=[f"x{k}" for k in range(5)], user_ids=[f"y{i}" for i in range(30)]),
            r"none of its 5 stations \(x0, x1, x2, x3, x4\) and none of its 30 users \(y0, y1, y2, y3, y4, ...\) is in",
        ),
    ],
)
def test_files_that_are_refused(text, message, saved):
    plan, path, value = saved
    path.write_text(text(value))
    with pytest.raises(twinhop.InputError, match=message):
        present(read_placement(path), plan.case)


def test_a_saved_placement_on_a_forbidden_link_is_refused():
    problem = PlacementProblem(**roomy_arrays(3, 2))
    start = of_hosts(problem, [0, 0, 0])
    shut = replace(problem, comm_s=np.array([[np.inf, 0.1], [0.1, 0.1], [0.1, 0.1]]))
    with pytest.raises(twinhop.InputError, match="user #0 is on station #0, which it cannot reach in 'problem'"):
        plan_of_saved(make_case(shut), start)


def test_a_plan_is_a_saved_placement():
    plan = twinhop.plan(SMALL, "nearest")
    assert as_saved(plan).open.tolist() == plan.solution.placement.open.tolist()
    again = plan_of_saved(plan.case, plan)
    assert isinstance(again, Plan)
    assert again.cost == plan.cost


def test_reports_split_the_cost():
    start = twinhop.plan(SMALL, "nearest")
    plan = twinhop.plan(SMALL, present=start, move_cost_s=0.01)
    report, value = plan.report(), plan.to_json()
    assert "## Moves" in report and "of it the plan itself" in report
    assert value["own_cost"] + value["moves_cost"] == pytest.approx(value["cost"])
    terms = value["terms"]
    assert value["own_cost"] == pytest.approx(terms["latency_s"] + terms["opening_s"] + terms["energy_j"])
    json.dumps(value, allow_nan=False)
