"""Profiles that users and classes follow: who is there, how large, how many, and what is refused."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.plans.hours import cases_of_hours
from twinhop.scenario import build_world, dump_scenario, expand, parse_scenario
from twinhop.scenario.city import from_mapping

OFFICE, HOME = [0.1] * 8 + [1.0] * 10 + [0.2] * 6, [1.0] * 8 + [0.3] * 10 + [0.8] * 6


def scenario(users=None, load=None, **sections):
    return from_mapping(
        {
            "schema_version": 1,
            "name": "day",
            "stations": {"generate": {"count": 4}},
            "users": users or {"generate": {"count": 200}, "classes": classes()},
            "load": load or {"hour": 8, "profile": [1.0] * 24, "profiles": {"office": OFFICE, "home": HOME}},
            **sections,
        }
    )


def classes():
    return [
        {"name": "staff", "share": 0.5, "load_profile": "office"},
        {"name": "residents", "share": 0.25, "load_profile": "home"},
    ]


def test_a_share_of_each_class_is_there_and_stays_at_larger_factors():
    day = scenario()
    everyone = build_world(day.model_copy(update={"load": None}))
    members = {at: int((everyone.user_class == at).sum()) for at in range(3)}
    seen = {}
    for hour in (0, 9, 20):
        world = cases_of_hours(day, (hour,))[0].world
        for at, profile in enumerate((OFFICE, HOME, [1.0] * 24)):
            there = {name for name, of in zip(world.user_ids, world.user_class, strict=True) if of == at}
            assert len(there) == round(profile[hour] * members[at])
            seen[at, profile[hour]] = there
    assert seen[0, 0.1] < seen[0, 0.2] < seen[0, 1.0]
    assert seen[1, 0.3] < seen[1, 0.8] < seen[1, 1.0]


def test_one_profile_for_all_is_what_it_was_before_there_were_others():
    alone = scenario({"generate": {"count": 200}}, {"hour": 20, "profile": OFFICE})
    named = scenario({"generate": {"count": 200}}, {"hour": 20, "profile": OFFICE, "profiles": {"home": HOME}})
    assert build_world(alone).user_ids == build_world(named).user_ids


def test_a_profile_of_one_user_alone_is_a_threshold():
    rows = [{"id": f"u{i}", "x_m": 10.0 * i, "y_m": 0, "load_profile": f"p{i}"} for i in range(40)]
    shares = {f"p{i}": [0.3] * 12 + [0.6] * 12 for i in range(40)}
    low, high = cases_of_hours(scenario({"list": rows}, {"hour": 0, "profiles": shares}), (0, 12))
    assert len(low.problem.user_ids) == 12 and len(high.problem.user_ids) == 24
    assert set(low.problem.user_ids) < set(high.problem.user_ids)


def test_sizes_and_weights_go_by_each_users_profile():
    full = build_world(scenario().model_copy(update={"load": None}))
    for scales in ("sizes", "weight"):
        load = {"hour": 9, "profile": [2.0] * 24, "profiles": {"office": OFFICE, "home": HOME}, "scales": scales}
        world = build_world(scenario(load=load))
        factor = np.array([OFFICE[9], HOME[9], 2.0])[world.user_class]
        if scales == "sizes":
            assert world.history_bits == pytest.approx(full.history_bits * factor, rel=1e-15)
        else:
            assert np.array_equal(world.user_weight, factor) and np.array_equal(world.history_bits, full.history_bits)


def test_seats_go_by_the_busiest_hour_whatever_hour_is_planned():
    load = {"hour": 0, "profile": [float(hour) for hour in range(24)], "scales": "weight"}
    cases = cases_of_hours(scenario({"generate": {"count": 20}}, load), (1, 23))
    assert {tuple(case.world.capacity) for case in cases} == {(345,) * 4}  # ceil(3 * 20 * 23 / 4)


def test_what_is_written_out_is_the_same_world():
    rows = [{"id": f"u{i}", "x_m": 10.0 * i, "y_m": 0, "weight": i + 1.5, "load_profile": "office"} for i in range(4)]
    load = {"hour": 9, "profiles": {"office": OFFICE}, "scales": "weight"}
    day = scenario({"list": rows, "split": 2}, load)
    whole = expand(day)
    assert whole.load is None and [row.weight for row in whole.users.rows] == [1.5, 2.5, 3.5, 4.5]
    one, other = build_world(day), build_world(whole)
    assert one.user_ids == other.user_ids == ("u0", "u1/1", "u1/2", "u2/1", "u2/2", "u3/1", "u3/2", "u3/3")
    assert np.array_equal(one.user_weight, other.user_weight) and np.array_equal(one.history_bits, other.history_bits)
    assert np.array_equal(one.capacity, other.capacity)
    for each in (day, whole):
        assert parse_scenario(dump_scenario(each)) == each


@pytest.mark.parametrize(
    ("users", "load", "part"),
    [
        (
            None,
            {"hour": 1, "profiles": {"office": OFFICE, "home": HOME}},
            "load.profile: is required: some users follow",
        ),
        (None, {"hour": 1, "profile": OFFICE}, "there is no load.profiles"),
        (None, {"hour": 1, "profile": OFFICE, "profiles": {"ofice": OFFICE}}, "did you mean"),
        (None, {"hour": 1}, "profile is required"),
        (None, {"hour": 1, "profiles": {"office": [1.0] * 23}}, "must hold 24 factors, one an hour (got 23)"),
        (None, {"hour": 1, "profiles": {"office": [2.0] * 24}}, "2 of the users cannot be active"),
        (None, {"hour": 1, "profile": [float("nan")] * 24}, "load.profile.0"),
        (None, {"hour": 1, "profile": [-1.0] * 24}, "load.profile.0"),
        (
            {"list": [{"id": "a", "x_m": 0, "y_m": 0}]},
            {"hour": 1, "profiles": {"office": OFFICE}},
            "user 'a' follows none of load.profiles",
        ),
        (
            {"list": [{"id": "a", "x_m": 0, "y_m": 0, "load_profile": "x"}]},
            {"hour": 1, "profile": OFFICE, "profiles": {"office": OFFICE}},
            "unknown profile 'x' of user 'a'; accepted: office",
        ),
        ({"list": [{"id": "a", "x_m": 0, "y_m": 0, "weight": 0}]}, None, "users.list.0.weight"),
        ({"list": [{"id": "a", "x_m": 0, "y_m": 0}], "split": 0}, None, "users.split"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(users, load, part):
    with pytest.raises(InputError) as caught:
        scenario(users, load)
    assert part in str(caught.value).splitlines()[0], str(caught.value)


def test_profiles_may_be_named_as_fields_or_numbers():
    for name in ("station", "id", "1e5", "yes", "a b: c"):
        rows = [{"id": "a", "x_m": 0, "y_m": 0, "load_profile": name}]
        day = scenario({"list": rows}, {"hour": 1, "profiles": {name: OFFICE}})
        assert parse_scenario(dump_scenario(day)) == day


def test_parts_that_would_have_the_id_of_another_user_are_refused():
    rows = [{"id": "a", "x_m": 0, "y_m": 0, "weight": 4}, {"id": "a/2", "x_m": 0, "y_m": 0}]
    with pytest.raises(InputError, match="the part 'a/2' of a row would have the id of another"):
        build_world(scenario({"list": rows, "split": 2}, {"hour": 1, "profile": [1.0] * 24}))
