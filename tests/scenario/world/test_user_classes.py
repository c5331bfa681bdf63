"""User classes and the time of day."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.scenario import Scenario, build_world, dump_scenario, expand, load_scenario, parse_scenario

HEAD = "schema_version: 1\nname: a\nstations: {generate: {count: 2}}\n"
CLASSES = [
    {"name": "car", "share": 0.3, "update_mbit": 2, "deadline_ms": {"uniform": [300, 400]}},
    {"name": "meter", "share": 0.5, "history_mbit": {"log_normal": {"median": 1, "sigma": 0.3}}, "tx_power_w": 0.01},
]
HALF = [0.5] * 24


def city(count=400, classes=CLASSES, load=None, **fields):
    users = {"generate": {"count": count}, "classes": classes, **fields}
    value = {"schema_version": 1, "name": "a", "stations": {"generate": {"count": 2}}, "users": users}
    return Scenario.model_validate(value if load is None else {**value, "load": load})


def members(world, name):
    return world.user_class == world.class_names.index(name)


def test_shares_and_sizes_hold():
    world = build_world(city(20_000))
    assert world.class_names == ("car", "meter", "default")
    shares = np.bincount(world.user_class, minlength=3) / 20_000
    assert shares == pytest.approx([0.3, 0.5, 0.2], abs=0.02)
    car, meter = members(world, "car"), members(world, "meter")
    assert (world.update_bits[car] == 2e6).all() and (world.tx_power_w[meter] == 0.01).all()
    assert (world.deadline_s[car] >= 0.3).all() and (world.deadline_s[car] <= 0.4).all()
    assert np.median(world.history_bits[meter]) == pytest.approx(1e6, rel=0.05)


def test_users_of_no_class_are_as_if_there_were_none():
    plain, mixed = build_world(city(classes=[])), build_world(city())
    rest = members(mixed, "default")
    assert plain.class_names == () and (plain.user_class == 0).all()
    for field in ("history_bits", "update_bits", "deadline_s", "tx_power_w"):
        assert np.array_equal(getattr(plain, field)[rest], getattr(mixed, field)[rest])
    assert np.array_equal(plain.user_xy_m, mixed.user_xy_m)


def test_a_class_that_restates_the_users_changes_nothing():
    same = [{"name": "same", "share": 1, "history_mbit": {"uniform": [5, 20]}, "tx_power_w": 0.2}]
    plain, mixed = build_world(city(classes=[])), build_world(city(classes=same))
    assert (mixed.user_class == 0).all()
    assert np.array_equal(plain.history_bits, mixed.history_bits)


@pytest.mark.parametrize(
    "load", [None, {"hour": 3, "profile": HALF}, {"hour": 0, "profile": [1.7] + HALF[1:], "scales": "sizes"}]
)
def test_classes_and_hours_are_read_back_and_expand_to_the_same_world(load, assert_same_world):
    scenario = city(load=load)
    assert parse_scenario(dump_scenario(scenario)) == scenario
    written = parse_scenario(dump_scenario(expand(scenario)))
    assert written == expand(scenario) == expand(written)
    assert_same_world(build_world(scenario), build_world(written))
    assert np.array_equal(build_world(written.with_seed(9)).user_class, build_world(scenario).user_class)


def test_rows_name_their_class_and_overrule_its_sizes(tmp_path):
    (tmp_path / "users.csv").write_text(
        "id,x_m,y_m,class,update_mbit\na,1,1,car,\nb,2,2,car,5\nc,3,3,default,\nd,4,4,,\n"
    )
    path = tmp_path / "city.yaml"
    path.write_text(HEAD + "users: {csv: users.csv, classes: [{name: car, share: 0, update_mbit: 2}]}\n")
    world = build_world(load_scenario(path))
    assert [world.class_names[at] for at in world.user_class] == ["car", "car", "default", "default"]
    assert world.update_bits[:2].tolist() == [2e6, 5e6]


@pytest.mark.parametrize(
    ("users", "message"),
    [
        (
            "classes: [{name: a, share: 0.7}, {name: b, share: 0.4}]",
            "users.classes: the shares add up to 1.1; at most 1",
        ),
        ("classes: [{name: a, share: -0.1}]", "users.classes.0.share: must be 0 or greater (got -0.1)"),
        ("classes: [{name: a}]", "users.classes.0.share: is required"),
        ("classes: [{name: a, share: 0}, {name: a, share: 0}]", "users.classes.1.name: duplicate name 'a'"),
        ("classes: [{name: default, share: 0}]", "users.classes.0.name: 'default' names the users of no class"),
        ("classes: [{name: a, share: 0, update_mbit: {list: [1]}}]", "list gives values one by one, not to a class"),
        ("classes: [{name: a, share: 0, deadline_ms: 0}]", "users.classes.0.deadline_ms: must be greater than 0"),
        ("classes: [{name: a, share: 0, services: 1}]", "users.classes.0.services: unknown field"),
    ],
)
def test_refused_classes(users, message):
    with pytest.raises(InputError) as caught:
        parse_scenario(HEAD + "users: {generate: {count: 3}, " + users + "}\n")
    assert message in str(caught.value)


def test_an_unknown_class_is_refused():
    text = HEAD + "users:\n  list: [{id: u, x_m: 1, y_m: 1, class: bus}]\n  classes: [{name: car, share: 0}]\n"
    with pytest.raises(InputError, match=r"unknown class 'bus' of user 'u'; accepted: car, default"):
        parse_scenario(text)


def test_active_users_are_counted_and_nested():
    ids = [
        set(build_world(city(load={"hour": hour, "profile": [0, 0.25, 0.5, 1] + HALF[4:]})).user_ids)
        for hour in range(4)
    ]
    assert [len(each) for each in ids] == [1, 100, 200, 400]
    assert ids[0] < ids[1] < ids[2] < ids[3]


def test_an_active_user_is_as_it_would_be_in_the_crowd():
    crowd, few = build_world(city()), build_world(city(load={"hour": 3, "profile": HALF}))
    kept = np.isin(crowd.user_ids, few.user_ids)
    for field in ("user_xy_m", "history_bits", "update_bits", "user_class"):
        assert np.array_equal(getattr(crowd, field)[kept], getattr(few, field)), field
    assert np.array_equal(crowd.capacity, few.capacity)


def test_sizes_are_multiplied():
    crowd = build_world(city())
    heavy = build_world(city(load={"hour": 3, "profile": [1.5] * 24, "scales": "sizes"}))
    assert heavy.history_bits == pytest.approx(1.5 * crowd.history_bits)
    assert heavy.update_bits == pytest.approx(1.5 * crowd.update_bits)
    assert np.array_equal(heavy.deadline_s, crowd.deadline_s)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        ("{hour: 24, profile: [1]}", "load.hour: must be less than 24 (got 24)"),
        ("{hour: 1, profile: [1, 1]}", "load.profile: must hold 24 factors, one an hour (got 2)"),
        ("{hour: 1, profile: [" + "1, " * 23 + "-1]}", "load.profile.23: must be 0 or greater (got -1)"),
        ("{hour: 1, profile: [" + "1, " * 23 + "2]}", "load.profile.23: 2 of the users cannot be active"),
        ("{hour: 1, profile: [" + "1, " * 23 + "1], scales: power}", "load.scales: must be one of users, sizes"),
    ],
)
def test_refused_hours(load, message):
    with pytest.raises(InputError) as caught:
        parse_scenario(HEAD + "users: {generate: {}}\nload: " + load + "\n")
    assert message in str(caught.value)
