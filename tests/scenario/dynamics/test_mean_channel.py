"""The channel map and its tables against the formulas that they stand for, and against the reference statistics."""

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from moving_cities import RADIOS, city
from reference import radio_reference

from twinhop import network
from twinhop.scenario import build_world
from twinhop.scenario.dynamics import mean_channel as module
from twinhop.scenario.dynamics.distance_table import distance_table
from twinhop.scenario.dynamics.field_grid import FieldGrid, field_kinds, grid_step_m
from twinhop.scenario.dynamics.mean_channel import channel_map, mean_channel
from twinhop.scenario.world import channel

MIB = 2.0**20


@pytest.fixture
def threads():
    with ThreadPoolExecutor(3) as pool:
        yield pool


def exact(world, xy_m):
    return channel.mean_loss_db(world, xy_m, network.distance_m(xy_m, world.station_xy_m))


def mapped(world, xy_m, threads, mib=64):
    loss_db = np.full((len(xy_m), len(world.station_ids)), np.nan, np.float32)
    mean_channel(world, channel_map(world, mib * MIB), threads)(xy_m, loss_db)
    return loss_db


def nodes(world, step_m, count, rng):
    """Places on the grid."""
    most = np.floor(np.array([world.width_m, world.height_m]) / step_m)
    return step_m * rng.integers(0, most, (count, 2), endpoint=True)


@pytest.mark.parametrize("radio", RADIOS)
def test_on_the_grid_the_map_is_the_formula(radio, threads):
    world = build_world(city(radio))
    step_m = grid_step_m(world, 64 * MIB) if field_kinds(world) else 7.0
    xy_m = nodes(world, step_m, 400, np.random.default_rng(0))
    found, expected = mapped(world, xy_m, threads), exact(world, xy_m)
    # where the state is decided by a hair the table's threshold may fall on the other side
    off = np.abs(found - expected) > 0.02
    assert off.mean() < 0.002


@pytest.mark.parametrize("radio", RADIOS)
def test_without_memory_the_formulas_hold_everywhere(radio, threads):
    world = build_world(city(radio))
    xy_m = np.random.default_rng(1).uniform(0, 900, (50, 2))
    np.testing.assert_allclose(mapped(world, xy_m, threads, mib=0), exact(world, xy_m), rtol=1e-6)
    np.testing.assert_allclose(
        mapped(world, xy_m, threads, mib=1e-4 if field_kinds(world) else 0), exact(world, xy_m), rtol=1e-6
    )


@pytest.mark.parametrize("name", network.PATH_LOSS)
def test_the_table_of_distances_is_the_formula(name):
    world = build_world(city(f"path_loss: {name}"))
    table, model = distance_table(world), network.PATH_LOSS[name]
    distance_m = np.concatenate([[0.0, 5.0, 9.999], np.geomspace(10, 29_999, 20_000)])
    squared = np.maximum(distance_m**2, table.least_m2).astype(np.float32)
    rows = (squared.view(np.int32) >> 15) - table.first
    share = (squared.view(np.int32) & 0x7FFF) / 2.0**15
    columns = [table.rows[rows, at] + share * table.rows[rows, at + 1] for at in (0, 2, 4)]
    known = {"min_distance_m": 10.0, **world.radio.path_loss_parameters}
    if model.los_probability is None:
        assert columns[0].min() == 9.0
        np.testing.assert_allclose(columns[1], model.loss_db(distance_m, **known), atol=1e-3)
        return
    for column, sight in ((1, True), (2, False)):
        expected = model.loss_db(distance_m, line_of_sight=np.full(distance_m.shape, sight), **known)
        assert np.abs(columns[column] - expected).max() < 0.01
    probability = network.normal_cdf(columns[0].astype(np.float64))
    np.testing.assert_allclose(probability, model.los_probability(distance_m), atol=2e-3)


def test_users_outside_the_area_and_nowhere(threads):
    world = build_world(city("path_loss: tr38901_uma, shadowing: correlated"))
    xy_m = np.array([[-5.0, 10.0], [np.nan, np.nan], [1300.0, 905.0], [1200.0, 900.0]])
    found = mapped(world, xy_m, threads)
    np.testing.assert_allclose(found[[0, 2]], exact(world, xy_m[[0, 2]]), rtol=1e-6)
    assert np.isnan(found[1]).all() and np.isfinite(found[3]).all()


def test_it_does_not_matter_when_a_tile_is_filled(threads):
    world = build_world(city("path_loss: tr38901_uma, shadowing: correlated"))
    xy_m = np.random.default_rng(2).uniform(0, 900, (200, 2))
    at_once, one_by_one = mapped(world, xy_m, threads), np.empty((200, 7), np.float32)
    write = mean_channel(world, channel_map(world, 64 * MIB), threads)
    for user in np.random.default_rng(3).permutation(200).tolist():
        write(xy_m[user : user + 1], one_by_one[user : user + 1])
    assert at_once.tobytes() == one_by_one.tobytes()


def test_the_number_of_threads_changes_no_bit(monkeypatch, threads):
    world = build_world(city("path_loss: tr38901_uma, shadowing: correlated"))
    xy_m = np.random.default_rng(2).uniform(-20, 920, (500, 2))
    whole = mapped(world, xy_m, threads)
    monkeypatch.setattr(module, "LINKS_PER_THREAD", 100)
    for count in (2, 3, 7):
        monkeypatch.setattr(module, "thread_count", lambda count=count: count)
        assert mapped(world, xy_m, threads).tobytes() == whole.tobytes()


def test_the_grid_coarsens_to_fit_memory_and_is_then_given_up():
    world = build_world(city("path_loss: tr38901_uma, shadowing: correlated"))
    steps = [grid_step_m(world, mib * MIB) for mib in (64, 1.2, 0.2)]
    assert steps[0] == pytest.approx(37 / 8)
    assert 37 / 8 < steps[1] <= 37 / 2
    assert FieldGrid(world, steps[1]).values.nbytes <= 1.2 * MIB
    assert steps[2] is None


def shadowing(cell, state):
    """A town with the shadowing of one state only, and what the reference says of it."""
    reference = radio_reference()["tr38901_shadowing"]
    at = ("always", "never").index(state)
    sigma_db, decorrelation_m = (
        reference[f"{cell}_sigma_los_nlos_db"][at],
        reference[f"{cell}_decorrelation_los_nlos_m"][at],
    )
    radio = f"path_loss: tr38901_{cell}, line_of_sight: {state}"
    town = dict(stations="generate: {count: 40}", width=1500)
    return (
        build_world(city(f"{radio}, shadowing: correlated", **town)),
        build_world(city(radio, **town)),
        sigma_db,
        decorrelation_m,
    )


@pytest.mark.parametrize("state", ["always", "never"])
@pytest.mark.parametrize("cell", ["uma", "umi"])
def test_shadowing_has_the_reference_deviation_and_correlation(cell, state, threads):
    """40 stations x 3000 places. Within one draw of 256 waves a correlation strays by about 1 / sqrt(512)."""
    world, bare, sigma_db, decorrelation_m = shadowing(cell, state)
    rng = np.random.default_rng(5)
    here = rng.uniform(150, 750, (3000, 2))
    loss, without = (
        mean_channel(world, channel_map(world, 256 * MIB), threads),
        mean_channel(bare, channel_map(bare, 256 * MIB), threads),
    )

    def shadow_db(xy_m):
        both = np.empty((2, len(xy_m), 40), np.float32)
        loss(xy_m, both[0])
        without(xy_m, both[1])
        return (both[0] - both[1]).astype(np.float64)

    first = shadow_db(here)
    assert first.std() == pytest.approx(sigma_db, rel=0.04)
    for steps in (0.5, 1.0, 2.0):
        angle = rng.uniform(0, 2 * math.pi, len(here))
        there = here + steps * decorrelation_m * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        second = shadow_db(there)
        correlation = (first * second).mean() / (first.std() * second.std())
        assert correlation == pytest.approx(math.exp(-steps), abs=0.05)


def test_between_the_nodes_the_variance_is_that_on_them(threads):
    """Over stations, whose fields are independent given the waves, at places of a cell that bilinear values flatten."""
    many = dict(stations="generate: {count: 4000}", users=1, width=60)
    text = "line_of_sight: never, path_loss: tr38901_uma"
    world, bare = build_world(city(f"{text}, shadowing: correlated", **many)), build_world(city(text, **many))
    step_m = grid_step_m(world, 512 * MIB)
    xy_m = step_m * (4 + np.array([[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.25, 0.75]]))
    shadow_db = mapped(world, xy_m, threads, 512) - mapped(bare, xy_m, threads, 512)
    np.testing.assert_allclose(shadow_db.std(axis=1), 6.0, rtol=0.045)
