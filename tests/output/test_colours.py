"""Colours can be told apart by all readers, and a policy looks the same in every figure."""

import random
from itertools import combinations

import pytest
from colour_difference import PUBLISHED, SIGHTS, ciede2000, cielab, contrast_on_white

from twinhop.migration.policy import policy_names as migration_policies
from twinhop.output.kit.colours import BUILT_IN, POLICY_HUES, policy_looks
from twinhop.placement.policy import policy_names as placement_policies


@pytest.mark.parametrize("line", PUBLISHED.strip().splitlines())
def test_the_colour_difference_is_that_of_the_published_data(line):
    values = [float(each) for each in line.split()]
    assert ciede2000(values[:3], values[3:6]) == pytest.approx(values[6], abs=5.1e-5)
    assert ciede2000(values[3:6], values[:3]) == pytest.approx(values[6], abs=5.1e-5)


@pytest.mark.parametrize("sight", SIGHTS)
def test_any_two_of_the_eight_first_hues_differ_by_17_in_every_sight(sight):
    assert len(POLICY_HUES) == len(set(POLICY_HUES)) == 8
    for one, other in combinations(POLICY_HUES, 2):
        assert ciede2000(cielab(one, sight), cielab(other, sight)) >= 17, (one, other)


def test_hues_are_seen_on_white():
    assert all(contrast_on_white(hue) >= 3 for hue in POLICY_HUES)
    assert contrast_on_white("#767676") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("names", [placement_policies(), migration_policies()], ids=["placement", "migration"])
def test_policies_that_come_with_twinhop_have_looks_of_their_own(names):
    assert set(names) <= set(BUILT_IN)
    looks = policy_looks(names)
    assert len({(look.colour, look.dashes) for look in looks.values()}) == len(names)
    assert len({(look.colour, look.marker) for look in looks.values()}) == len(names)
    assert all(looks[name] == policy_looks([name])[name] for name in names)


def test_a_policy_looks_the_same_in_whatever_order_it_stands_and_beside_whatever_comes_with_twinhop():
    names = ["nearest", "mine.py:agent", "other.py:agent", "lagrangian", "SB3:ppo.zip", "greedy"]
    looks = policy_looks(names)
    for seed in range(20):
        assert policy_looks(random.Random(seed).sample(names, len(names))) == looks
    alone = policy_looks(["mine.py:agent"])["mine.py:agent"]
    assert policy_looks(["mine.py:agent", "stay", "utility"])["mine.py:agent"] == alone


def test_many_policies_in_one_figure_are_never_alike():
    names = [*placement_policies(), *(f"mine{at}.py:agent" for at in range(40))]
    looks = policy_looks(names)
    assert len({(look.colour, look.marker, look.dashes) for look in looks.values()}) == len(names)


def test_few_policies_have_a_hue_each():
    looks = policy_looks(["nearest", "lagrangian", "maddpg", "mine.py:a", "mine.py:b", "mine.py:c", "mine.py:d"])
    assert len({look.colour for look in looks.values()}) == 7


def test_settings_share_the_hue_of_their_policy():
    looks = policy_looks(["utility:margin=0", "utility", "utility:margin=1", "utility_literal"])
    assert len({look.colour for look in looks.values()}) == 1
    assert len({(look.dashes, look.marker) for look in looks.values()}) == 4
    assert looks["utility"] == policy_looks(["utility"])["utility"]
