"""San Francisco's taxis as they move from cell to cell: the scenario, its trace, and the hand-over probability."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from twinhop.errors import InputError
from twinhop.scenario import load_scenario
from twinhop.scenario.dynamics import WorldRun
from twinhop.scenario.importers import save_sf_taxis
from twinhop.scenario.importers.sf_cells import filled_forward

DATA = Path(os.environ.get("TWINHOP_DATA", Path(__file__).parents[4] / "shared" / "data")) / "sf_cab_cells"
CELLS = "cell,lat,lon\n1,37.77,-122.42\n2,37.78,-122.42\n3,37.79,-122.42\n"
SERVING = np.array([[1, 2, 0], [2, 2, 0], [0, 1, 0], [3, 1, 3]])


@pytest.fixture
def small(tmp_path):
    """Files of three cells and three taxis over four minutes."""
    (tmp_path / "cells.csv").write_text(CELLS)
    np.savez(tmp_path / "serving.npz", serving=SERVING)
    return tmp_path


def saved(folder, **options):
    out = folder / "sf.yaml"
    minutes = {"from_minute": 0, "to_minute": 3, **options}
    save_sf_taxis(folder / "cells.csv", folder / "serving.npz", out, **minutes)
    return load_scenario(out)


def test_users_stand_at_the_stations_that_serve_them(small):
    run = WorldRun(saved(small))
    present = filled_forward(SERVING, 15)
    assert run.slots == len(SERVING)
    assert run.user_ids == ("taxi0", "taxi1", "taxi2")
    for slot, cells in zip(run, present, strict=True):
        np.testing.assert_array_equal(slot.active, cells > 0)
        served = [run.station_ids[k] for k in slot.access[slot.active]]
        assert served == [f"cell{cell}" for cell in cells if cell]
        assert np.nanmax(slot.distance_m) < 1e-6


def test_throughout_leaves_out_those_who_come_late(small):
    assert saved(small, throughout=True).users.rows[-1].id == "taxi1"


def test_users_and_stations_by_the_minutes_before(small):
    """Of minutes 0 and 1: the taxi that comes later is left out, and so is the cell that is visited later."""
    scenario = saved(small, from_minute=2, throughout=True, chosen_by=(0, 1))
    assert [row.id for row in scenario.users.rows] == ["taxi0", "taxi1"]
    assert [row.id for row in scenario.stations.rows] == ["cell1", "cell2"]
    access = [slot.access.tolist() for slot in WorldRun(scenario)]
    assert access == [[1, 0], [1, 0]]  # cell 3 in minute 3 counts as the nearest, cell 2
    with pytest.raises(InputError, match="has the minutes 0 to 3; from 0 to 9 is not in them"):
        saved(small, from_minute=2, chosen_by=(0, 9), overwrite=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"from_minute": 0, "to_minute": 4}, "has the minutes 0 to 3; from 0 to 4 is not in them"),
        ({"from_minute": 3, "to_minute": 2}, "the wrong way round"),
        ({"from_minute": -1, "to_minute": 2}, "has the minutes 0 to 3"),
        ({"preset": "none"}, "none: unknown preset"),
    ],
)
def test_bad_minutes_are_refused_and_nothing_is_written(options, message, small):
    with pytest.raises(InputError, match=message):
        saved(small, **options)
    assert sorted(each.name for each in small.iterdir()) == ["cells.csv", "serving.npz"]


def test_an_unknown_cell_and_an_existing_scenario_leave_nothing_behind(small):
    (small / "sf.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"sf\.yaml: exists already"):
        saved(small)
    assert not (small / "sf.parquet").exists()
    np.savez(small / "serving.npz", serving=SERVING + 1)
    with pytest.raises(InputError, match="serving: cell 4 at minute 3 of user 0 is out of range; the cells are 1 to 3"):
        saved(small, overwrite=True)
    assert (small / "sf.yaml").read_text() == "mine"


def test_nobody_there(small):
    np.savez(small / "serving.npz", serving=np.array([[0, 0], [1, 0]]))
    with pytest.raises(InputError, match="nobody is present throughout the minutes 0 to 1"):
        saved(small, to_minute=1, throughout=True)
    with pytest.raises(InputError, match="nobody is present in the minutes 0 to 0"):
        saved(small, to_minute=0)


def test_hand_over_probability_of_the_middle_of_the_day(tmp_path):
    if not DATA.is_dir():
        pytest.skip(f"no San Francisco cells at {DATA}; set TWINHOP_DATA")
    out = tmp_path / "sf.yaml"
    files = DATA / "sf_cells.csv", DATA / "sf_serving_1min.npz"
    trace = save_sf_taxis(*files, out, from_minute=660, to_minute=780, throughout=True)
    run = WorldRun(load_scenario(out))
    access = np.array([slot.access for slot in run])
    assert access.shape == (121, 186)
    assert len(run.station_ids) == 52
    assert (access >= 0).all()
    hand_overs = float((access[1:] != access[:-1]).mean())
    assert hand_overs == pytest.approx(
        recorded_changes(np.load(files[1])["serving"]), abs=0.003
    )  # few cells are mapped
    assert hand_overs == pytest.approx(0.1367, abs=5e-5)
    assert pl.scan_parquet(trace).select(pl.len()).collect().item() == 121 * 186


def recorded_changes(serving):
    """Changes of cell a taxi-minute on the minutes 660 to 780, of taxis never silent for more than 15 minutes there."""
    changes = minutes = 0
    for record in serving.T.tolist():
        cells, last, silent = [], 0, 0
        for cell in record:
            last, silent = (cell, 0) if cell else (last, silent + 1)
            cells.append(last if silent <= 15 else 0)
        cells = cells[660:781]
        if all(cells):
            minutes += len(cells) - 1
            changes += sum(a != b for a, b in zip(cells[1:], cells[:-1], strict=True))
    return changes / minutes
