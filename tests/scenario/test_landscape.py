"""Generated cities and countries: the same for the same seed, inside their square, dense in places and along roads."""

import numpy as np
import polars as pl
import pytest

from twinhop.scenario import build_world, generate_region, load_scenario
from twinhop.scenario.landscape import landscape


@pytest.mark.parametrize("region", ["city", "country"])
@pytest.mark.parametrize(("users", "stations"), [(1, 1), (3, 2), (2000, 40)])
def test_a_region_is_a_scenario_of_so_many_users_and_stations(region, users, stations, tmp_path):
    paths = generate_region(tmp_path / "r", users, stations, region=region, seed=3)
    world = build_world(load_scenario(paths[0]))
    assert (len(world.user_ids), len(world.station_ids), world.seed) == (users, stations, 3)
    for xy_m in (world.user_xy_m, world.station_xy_m):
        assert (xy_m >= 0).all() and (xy_m <= world.width_m + 0.01).all()


def test_the_seed_decides(tmp_path):
    tables = []
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        generate_region(tmp_path / folder, 500, 20, seed=seed)
        tables.append(pl.read_parquet(tmp_path / folder / "users.parquet"))
    assert tables[0].equals(tables[1]) and not tables[0].equals(tables[2])


def test_users_gather():
    land = landscape(100, "country", 0)
    xy_m = land.draw(20_000, np.random.default_rng(0))
    cells = np.histogram2d(*xy_m.T, bins=20, range=[[0, land.side_m]] * 2)[0]
    assert cells.max() > 15 * cells.mean() and (cells > 0).mean() > 0.9
    assert len(land.roads) == len(land.weight) - 1 and land.weight.sum() == pytest.approx(1)
