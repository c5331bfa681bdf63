"""What holds of every registered migration policy, in runs that differ in what may go wrong."""

import numpy as np
import pytest
from policy_runs import WORLDS, decisions, hosts, run_at, run_of, walk

from twinhop.migration.policy import POLICIES, policy_choice

#: Settings that make a policy quick to move in the small cities of the tests.
EAGER = {"hysteresis": ":margin_ms=0.1:slots=1", "utility": ":margin=0", "replan": ":every=2"}


#: Policies, and those of their settings that decide otherwise.
CHOICES = (
    *POLICIES,
    "lookahead:predict=kalman",
    "lookahead:predict=next_station:method=paths",
    "lookahead:predict=oracle:method=paths",
    "mdp_threshold:hosts=opened",
)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("name", CHOICES)
def test_hosts_can_be_used_and_come_again(name, world):
    run = run_of(world)
    results = decisions(run, name + EAGER.get(name, ""))
    assert len(results) == run.slots
    for outcome in results:
        situation = outcome.situation
        assert situation.up[outcome.host].all()
        assert (outcome.load <= situation.capacity).all()
        assert np.isfinite(outcome.cost.total) and outcome.cost.total > 0
    again = decisions(run, name + EAGER.get(name, ""))
    for one, two in zip(results, again, strict=True):
        assert one.host.tobytes() == two.host.tobytes()
        assert one.cost == two.cost


@pytest.mark.parametrize("name", POLICIES)
def test_slots_in_which_nobody_is_served(name):
    xy_m = walk(6, 5)
    xy_m[0] = xy_m[3] = np.nan
    xy_m[1:3, 0] = np.nan
    found = hosts(run_at(xy_m), name)
    assert np.array_equal(found >= 0, np.isfinite(xy_m[:, :, 0]))


@pytest.mark.parametrize("name", POLICIES)
def test_says_what_it_does(name):
    kind = policy_choice(name).kind
    assert kind.summary and not kind.summary.endswith(".")
    for key, setting in kind.settings.items():
        assert key.isidentifier() and setting.description
        assert setting.parse(str(setting.default), name) == setting.default
