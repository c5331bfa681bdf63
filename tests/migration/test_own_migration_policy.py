"""Migration policies of one's own: what they are given, what they may return, and what is refused."""

import math
import pickle

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.migration import MigrationRun, PolicyKind, outcomes, policy_choice
from twinhop.migration.policy import policy_choices
from twinhop.placement.policy import Setting
from twinhop.scenario import load_scenario

SLOTS = 4


@pytest.fixture(scope="module")
def run():
    return MigrationRun(load_scenario("lu2021-n80-m5"), slots=SLOTS)


def hosts(run, policy):
    return [outcome.host for outcome in outcomes(run, policy_choice(policy))]


def test_a_function_decides_slot_by_slot(run):
    indices = []

    def follow(situation):
        indices.append(situation.index)
        return situation.comm_s.argmin(axis=1)

    made = hosts(run, follow)
    assert indices == list(range(SLOTS))
    assert all(
        (host == outcome.situation.comm_s.argmin(axis=1)).all()
        for host, outcome in zip(made, outcomes(run, policy_choice(follow)), strict=True)
    )


def test_what_is_asked_for_is_passed(run):
    def mine(situation, run, seed, rng, time_limit_s):
        assert run.slots == SLOTS and seed == run.scenario.seed and time_limit_s == math.inf
        return rng.integers(0, 5, len(situation.users))

    first, again = hosts(run, mine), hosts(run, mine)
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert (first[0] != first[1]).any()


class Counting:
    name = "counting"

    def __init__(self):
        self.slots = 0

    def decide(self, situation):
        assert self.slots == situation.index
        self.slots += 1
        return situation.access


def test_every_run_has_an_object_of_its_own(run):
    policy = Counting()
    for _ in range(2):
        hosts(run, policy)
        hosts(run, Counting)
    assert policy.slots == 0


def test_minus_one_leaves_the_user_to_the_simulator(run):
    placed = hosts(run, lambda situation: np.full(len(situation.users), -1))
    assert all((host >= 0).all() for host in placed)


def test_a_kind_has_its_defaults(run):
    kind = PolicyKind(lambda run, rng, waits: Counting(), "counts", {"waits": Setting(3, "slots")})
    assert dict(policy_choice(kind).settings) == {"waits": 3}
    assert len(hosts(run, kind)) == SLOTS


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "returned nothing; expected 80 host indices from 0 to 4, -1 to leave a user to the simulator"),
        ([0], r"returned an array of shape \(1,\)"),
        (80 * [5], "returned 5 at index 0"),
        (80 * [-2], "returned -2 at index 0"),
        (80 * [math.nan], "returned nan at index 0"),
        (80 * [0.5], "returned 0.5 at index 0"),
    ],
)
def test_what_are_no_hosts_is_refused_by_policy_and_slot(run, result, message):
    def mine(situation):
        return situation.access if situation.index < 2 else result

    with pytest.raises(InputError, match=rf"^policy: mine, on lu2021-n80-m5 \(seed 0, slot 2\), {message}"):
        hosts(run, mine)


def test_a_station_that_never_hosts_is_refused():
    run = MigrationRun(load_scenario("city-small"), slots=1)
    never = int(np.flatnonzero(~run.hosts.may_host)[0])
    with pytest.raises(InputError, match=f"on {run.host_ids[never]}, which may host nothing"):
        hosts(run, lambda situation: np.full(len(situation.users), never))


def test_what_raises_is_told(run):
    def mine(situation):
        raise KeyError("x")

    with pytest.raises(
        InputError,
        match=r"^policy: mine, on .*, slot 0\), raised KeyError: 'x' \(.*test_own_migration_policy.py:\d+\)$",
    ) as error:
        hosts(run, mine)
    assert isinstance(error.value.__cause__, KeyError)


@pytest.mark.parametrize("policy", [lambda: 1, 3, object, lambda situation, other: 1])
def test_what_cannot_be_called_is_refused_at_once(policy):
    with pytest.raises(InputError, match="^policy: .*expected"):
        policy_choice(policy)


def test_what_cannot_be_copied_is_refused(run):
    class Open:
        def __init__(self):
            self.items = (each for each in [1])

        def decide(self, situation):
            return situation.access

    with pytest.raises(InputError, match="Open, on .* cannot be copied for a run of its own .*expected its class"):
        hosts(run, Open())


def test_names_are_told_apart():
    def stay(situation):
        return situation.before

    assert [each.text for each in policy_choices(["stay", stay, stay])] == ["stay", "stay (2)", "stay (3)"]


def test_a_choice_goes_to_another_process():
    for policy in ("lookahead:horizon=5", Counting):
        choice = policy_choices([policy])[0]
        again = pickle.loads(pickle.dumps(choice))
        assert (again.text, dict(again.settings)) == (choice.text, dict(choice.settings))
