"""Cases of several hours: each is what `plan` makes of the scenario at that hour, to the bit."""

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.plans.hours import cases_of_hours, parse_hours
from twinhop.plans.planning import make_case
from twinhop.scenario import load_scenario
from twinhop.scenario.city import from_mapping

PROFILE = [0.1] * 6 + [0.5] * 6 + [1.0] * 6 + [0.25] * 6


def scenario(**load):
    base = load_scenario("lu2021-n80-m5")
    value = base.model_dump(by_alias=True, exclude_unset=True)
    return from_mapping({**value, "load": {"hour": 0, "profile": PROFILE, **load}})


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("0-23", tuple(range(24))),
        ("7,8,12-14", (7, 8, 12, 13, 14)),
        (" 5 , 3 - 4", (5, 3, 4)),
        ("0", (0,)),
        ("23-23", (23,)),
    ],
)
def test_hours_are_read_as_written(text, hours):
    assert parse_hours(text) == hours


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("24", "no hour 24"),
        ("0-24", "no hour 24"),
        ("7,7", "hour 7 is named twice"),
        ("7-9,8", "hour 8 is named twice"),
        ("9-7", "runs backwards"),
        ("", "got ''"),
        ("7,,8", "got ''"),
        ("a", "got 'a'"),
        ("-3", "got '-3'"),
        ("7-8-9", "got '7-8-9'"),
        ("7.5", "got '7.5'"),
        ("٣", "got '٣'"),
        ("1" * 9999, "no hour"),
    ],
)
def test_hours_that_are_none_are_refused_in_a_line(text, part):
    with pytest.raises(InputError) as caught:
        parse_hours(text)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


@pytest.mark.parametrize("scales", ["users", "sizes"])
def test_each_case_is_what_plan_makes_of_that_hour(scales):
    hours = (0, 7, 13, 20)
    cases = cases_of_hours(scenario(scales=scales), hours)
    for hour, case in zip(hours, cases, strict=True):
        alone = make_case(scenario(scales=scales, hour=hour)).problem
        for field in ("comm_s", "root_work", "cpu", "capacity", "opening_s", "energy_j", "distance_m"):
            assert np.array_equal(getattr(case.problem, field), getattr(alone, field)), field
        assert case.problem.user_ids == alone.user_ids
        assert case.problem.station_ids == alone.station_ids == cases[0].problem.station_ids
    assert cases[0].problem.users == (8 if scales == "users" else 80)


def test_a_seed_replaces_that_of_the_scenario():
    (one,) = cases_of_hours(scenario(), (12,), seed=5)
    assert one.seed == 5
    assert np.array_equal(one.problem.comm_s, make_case(scenario(hour=12), 5).problem.comm_s)


def test_a_source_without_hours_is_refused_with_what_to_add():
    with pytest.raises(InputError, match=r"no section load.*add `load: \{hour: 8"):
        cases_of_hours("lu2021-n80-m5", (1,))
    with pytest.raises(InputError, match="is a problem"):
        cases_of_hours(make_case("lu2021-n80-m5").problem, (1,))
    with pytest.raises(InputError, match="no hour 24"):
        cases_of_hours(scenario(), (24,))
