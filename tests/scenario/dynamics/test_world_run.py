"""A run as a whole: what a plan sees at slot 0, the same bytes again, one stream a component, slots as worlds."""

import dataclasses
from itertools import islice

import numpy as np
import pytest
from moving_cities import RADIOS, Written, city

from twinhop.errors import InputError
from twinhop.formulation import formulate, radio_state, slot_radio
from twinhop.placement import solve
from twinhop.scenario import build_world
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.dynamics.epochs import epoch_seed, epoch_world

RICH = (
    "slots: 12, slot_s: 2, churn: {mean_present_s: 20, mean_absent_s: 6}, cpu: {kind: ar1}, "
    "failures: {random: {mean_up_s: 20, mean_down_s: 6}}"
)
ARRAYS = ("xy_m", "active", "access", "distance_m", "rate_bps", "cpu_cycles_per_s", "up")


def slots(scenario, count=None):
    return list(WorldRun(scenario, count))


def assert_same(one, two, fields=ARRAYS):
    for first, second in zip(one, two, strict=True):
        for field in fields:
            assert getattr(first, field).tobytes() == getattr(second, field).tobytes(), field


@pytest.mark.parametrize("radio", RADIOS)
def test_slot_0_is_what_a_plan_sees(radio):
    scenario = city(radio, movement="channel_map_mib: 0")
    first, seen = next(iter(WorldRun(scenario))), radio_state(build_world(scenario))
    assert np.array_equal(first.access, seen.access)
    np.testing.assert_allclose(first.rate_bps, seen.access_rate_bps, rtol=1e-5)  # losses are float32
    np.testing.assert_allclose(first.distance_m, seen.distance_m[np.arange(40), seen.access])


@pytest.mark.parametrize("radio", RADIOS)
def test_every_slot_is_what_a_plan_of_its_world_sees_without_hysteresis(radio):
    quick = "" if "nearest" in radio else ", access: {hysteresis_db: 0, time_to_trigger_s: 0}"
    for slot in slots(city(radio, movement=f"slots: 4, channel_map_mib: 0{quick}")):
        if "instant" not in radio:  # the world of a slot knows the fading of access links only
            assert np.array_equal(radio_state(slot.world()).access, slot.access)
        state = radio_state(dataclasses.replace(slot.world()))
        same = state.access == slot.access
        np.testing.assert_allclose(state.access_rate_bps[same], slot.rate_bps[same], rtol=1e-5)


@pytest.mark.parametrize("radio", RADIOS)
def test_again_the_same_bytes_and_fewer_slots_are_the_first_ones(radio):
    scenario = city(radio, movement=RICH)
    run = WorldRun(scenario)
    whole = list(run)
    assert len(whole) == 12
    assert_same(whole, list(run))
    assert_same(whole[:5], slots(scenario, 5))
    assert any((one.access != two.access).any() for one, two in zip(whole, slots(scenario.with_seed(4)), strict=True))


def test_each_component_has_a_stream_of_its_own():
    plain, rich = city(movement="slots: 12, slot_s: 2"), city(movement=RICH)
    moved, crowded = slots(plain), slots(rich)
    for one, two in zip(moved, crowded, strict=True):
        assert np.array_equal(one.xy_m[two.active], two.xy_m[two.active])
        kept = two.active & (one.access == two.access)
        assert np.array_equal(one.rate_bps[kept], two.rate_bps[kept])  # the same fading, whoever else is there
    failing = slots(city(movement="slots: 12, slot_s: 2, failures: {random: {mean_up_s: 20, mean_down_s: 6}}"))
    assert_same(failing, crowded, ("up",))
    assert_same(slots(city(movement="slots: 12, slot_s: 2, cpu: {kind: ar1}")), crowded, ("cpu_cycles_per_s",))


def test_users_away_and_stations_down_serve_nobody():
    for slot in slots(city(movement=RICH)):
        assert np.array_equal(slot.active, np.isfinite(slot.xy_m[:, 0]))
        assert (slot.access[~slot.active] == -1).all() and (slot.access[slot.active] >= 0).all() == slot.up.any()
        assert slot.up[slot.access[slot.served]].all()
        assert ((slot.rate_bps > 0) == (slot.access >= 0)).all()
        assert (np.isnan(slot.distance_m) == (slot.access < 0)).all()


def test_any_slot_can_be_planned():
    scenario = city(movement=RICH, users=60, extra="objective: {aggregation: sum}")
    last = slots(scenario)[-1]
    world, problem = last.world(), formulate(last.world(), slot_radio(last))
    assert problem.users == len(last.served) < 60 and not last.up.all()
    assert np.array_equal(problem.cpu, last.cpu_cycles_per_s)
    assert (problem.capacity[~last.up] == 0).all()
    assert world.alpha == problem.users  # a sum over those who are there
    solution = solve(problem, "greedy")
    assert last.up[solution.placement.host].all()


def test_positions_of_a_test_take_the_place_of_the_model():
    xy_m = np.array([[[10.0, 10.0], [np.nan, np.nan]], [[20.0, 10.0], [500.0, 400.0]]])
    run = WorldRun(city(movement="slots: 2"), positions=Written(xy_m))
    assert run.user_ids == ("w0", "w1")
    assert run.world.user_xy_m.tolist() == [[10, 10], [500, 400]]
    first, second = run
    assert first.active.tolist() == [True, False] and second.active.all()
    assert np.array_equal(second.xy_m, xy_m[1])


def test_listed_users_of_a_trace_keep_their_sizes_and_others_are_drawn():
    users = "users: {list: [{id: w1, x_m: 0, y_m: 0, history_mbit: 77}], update_mbit: 0.5}"
    scenario = city(movement="slots: 1")
    value = {**scenario.model_dump(by_alias=True, exclude_unset=True)}
    value["users"] = {"list": [{"id": "w1", "x_m": 0, "y_m": 0, "history_mbit": 77}], "update_mbit": 0.5}
    run = WorldRun(type(scenario).model_validate(value), positions=Written(np.ones((1, 3, 2))))
    assert users and run.world.history_bits[1] == 77e6 and run.world.history_bits[0] != 77e6
    assert (run.world.update_bits == 0.5e6).all()


def test_a_horizon_longer_than_the_trace():
    with pytest.raises(InputError, match="horizon of 3 slots is longer than the trace, which has 2 slots of 1 s"):
        WorldRun(city(movement="slots: 3"), positions=Written(np.ones((2, 1, 2))))


def test_users_outside_the_area():
    value = city().model_dump(by_alias=True, exclude_unset=True)
    value["users"] = {"list": [{"id": "far", "x_m": 5000, "y_m": 1}]}
    with pytest.raises(InputError, match=r"users: 'far' at \(5000, 1\) lies outside the area of 1200 m x 900 m"):
        WorldRun(type(city()).model_validate(value))


def test_stations_are_redrawn_where_row_25_is_literal():
    literal = "readings: {rows: {25: literal}}"
    scenario = city(movement="slots: 9, redraw_every_slots: 3, cpu: {kind: ar1}", extra=literal)
    found = slots(scenario)
    assert [slot.epoch for slot in found] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    places = [slot.station_xy_m.tobytes() for slot in found]
    assert len(set(places)) == 3 and places[0] == build_world(scenario).station_xy_m.tobytes()
    second = epoch_world(scenario, build_world(scenario), 1)
    assert np.array_equal(found[3].cpu_cycles_per_s, second.cpu_cycles_per_s)
    assert np.array_equal(found[3].world().history_bits, found[0].world().history_bits)
    assert_same(found, slots(city(movement="slots: 9, cpu: {kind: ar1}")), ("xy_m",))  # users move on as before
    assert_same(found, slots(scenario))
    assert epoch_seed(3, 1) != epoch_seed(4, 1)
    assert WorldRun(city(extra=literal)).epoch_slots == 25 and WorldRun(city()).epoch_slots is None


def test_a_city_without_movement_moves_by_gauss_markov():
    scenario = city().model_copy(update={"movement": None})
    run = WorldRun(scenario, 2)
    assert run.moved_by == "gauss_markov" and len(list(run)) == 2


@pytest.mark.parametrize("users", [1, 2])
def test_one_station(users):
    for slot in slots(city(users=users, stations="generate: {count: 1}")):
        assert (slot.access == 0).all() and (slot.rate_bps > 0).all()


def test_shadowing_moves_with_the_user():
    """A user that stands still keeps its channel; one that comes back finds it as it was."""
    way = np.array([[100.0, 100.0], [100.0, 100.0], [700.0, 600.0], [100.0, 100.0]])[:, None, :]
    run = WorldRun(
        city(
            "path_loss: tr38901_uma, shadowing: correlated",
            "slots: 4, access: {hysteresis_db: 0, time_to_trigger_s: 0}",
        ),
        positions=Written(way),
    )
    rates = [slot.rate_bps[0] for slot in islice(run, 4)]
    assert rates[0] == rates[1] == rates[3] != rates[2]
