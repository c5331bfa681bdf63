"""What is still to come changes no decision: runs that differ after a slot alone are decided alike up to it."""

import numpy as np
import pytest
from policy_runs import decisions, hosts, run_at, walk

from twinhop.migration.policy import POLICIES
from twinhop.migration.run import MigrationRun
from twinhop.scenario import load_scenario
from twinhop.scenario.importers import save_sf_taxis

SLOTS, LAST_ALIKE = 12, 6
#: Policies, and the settings by which they learn or predict in other ways; all but the oracle.
CHOICES = (
    *POLICIES,
    "hysteresis:margin_ms=0.1:slots=1",
    "utility:margin=0",
    "replan:every=2",
    "lookahead:predict=kalman",
    "lookahead:predict=kalman:method=paths",
    "lookahead:predict=next_station",
    "expected:refresh=1:margin=1",
    "expected:strength=3",
    "mdp_threshold:hosts=opened",
)


def two_futures():
    """Two walks of the same users, alike up to a slot."""
    first, other = walk(SLOTS, 14), walk(SLOTS, 14, seed=1)
    other[: LAST_ALIKE + 1] = first[: LAST_ALIKE + 1]
    return first, other


@pytest.mark.parametrize("name", CHOICES)
def test_what_is_to_come_changes_nothing(name):
    first, other = (hosts(run_at(xy_m), name) for xy_m in two_futures())
    np.testing.assert_array_equal(first[: LAST_ALIKE + 1], other[: LAST_ALIKE + 1])


def test_it_would_be_noticed():
    """Policies that move differ once the walks do, and the oracle before."""
    first, other = (hosts(run_at(xy_m), "follow_nearest") for xy_m in two_futures())
    assert (first[LAST_ALIKE + 1] != other[LAST_ALIKE + 1]).any()
    first, other = (hosts(run_at(xy_m), "lookahead:predict=oracle") for xy_m in two_futures())
    assert (first[: LAST_ALIKE + 1] != other[: LAST_ALIKE + 1]).any()


#: A record of taxis: its minutes, the first of the run, and the first in which two futures differ.
MINUTES, FIRST, OTHER_FROM = 150, 80, 95
TAXIS, CELLS = 16, 7
#: Chance that a taxi leaves its cell within a minute: seldom, so that it pays to follow.
LEAVES = 0.02


def record(folder, exchanged):
    """A record of taxis; from a minute on, each may go on as another did: all cells stay as busy."""
    rng = np.random.default_rng(3)
    serving = rng.integers(1, CELLS + 1, (MINUTES, TAXIS))
    for minute in range(1, MINUTES):
        stays = rng.random(TAXIS) >= LEAVES
        serving[minute, stays] = serving[minute - 1, stays]
    if exchanged:
        serving[OTHER_FROM:] = serving[OTHER_FROM:, rng.permutation(TAXIS)]
    cells = "".join(f"{cell},{37.5 + 0.03 * cell},-122.42\n" for cell in range(1, CELLS + 1))
    (folder / "cells.csv").write_text("cell,lat,lon\n" + cells)
    np.savez(folder / "serving.npz", serving=serving)
    return folder / "cells.csv", folder / "serving.npz"


@pytest.fixture(scope="module")
def taxi_runs(tmp_path_factory):
    """The runs of two records that differ from a minute on, told of the minutes before them."""
    runs = []
    for exchanged in (False, True):
        folder = tmp_path_factory.mktemp("taxis")
        save_sf_taxis(
            *record(folder, exchanged),
            folder / "sf.yaml",
            from_minute=FIRST,
            to_minute=MINUTES - 1,
            past_from=0,
            throughout=True,
            preset="sf-taxis-midday",
        )
        scenario = load_scenario(folder / "sf.yaml")
        many_open = scenario.migration.model_copy(update={"opening_s": 0.001})
        runs.append(MigrationRun(scenario.model_copy(update={"migration": many_open})))
    return runs


@pytest.mark.parametrize(
    "name",
    ["expected", "expected:strength=30:margin=1:refresh=1", "lookahead:predict=next_station", "mdp_threshold"],
)
def test_records_are_learned_from_up_to_the_slot_alone(taxi_runs, name):
    one, two = taxi_runs
    assert one.host_ids == two.host_ids and one.user_ids == two.user_ids
    first, other = hosts(one, name), hosts(two, name)
    alike = OTHER_FROM - FIRST
    np.testing.assert_array_equal(first[:alike], other[:alike])
    assert (first[alike:] != other[alike:]).any()


def test_the_past_ends_with_the_slot_before_the_run(taxi_runs):
    past, run = taxi_runs[0].past_access(), taxi_runs[0]
    assert past.shape == (FIRST, TAXIS)
    assert (past >= 0).all()
    without = decisions(run, "expected:past=none")
    told = decisions(run, "expected")
    assert not np.array_equal(told[0].host, without[0].host)
