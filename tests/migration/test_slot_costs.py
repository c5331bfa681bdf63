"""What a slot costs where the reading of a row or the kind of a host decides, and the random stream of a policy."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from moving_cities import city
from policy_runs import WORLDS, decisions, run_of

from twinhop.migration.outcome import outcome_of
from twinhop.migration.run import MigrationRun
from twinhop.migration.simulate import outcomes


def test_an_open_station_costs_its_opening_and_a_cloud_nothing():
    run = run_of("cloud", extra=WORLDS["cloud"]["extra"] + "\nmigration: {opening_s: 0.03}\nobjective: {beta: 0.5}")
    situation = next(iter(run))
    users, hosts = len(situation.users), len(run.host_ids)
    assert outcome_of(situation, np.full(users, hosts - 1)).cost.opening == 0.0
    split = np.where(np.arange(users) < 5, 0, np.where(np.arange(users) < 9, 2, hosts - 1))
    assert outcome_of(situation, split).cost.opening == pytest.approx(0.5 * 2 * 0.03, rel=1e-12)


@pytest.mark.parametrize("literal", [True, False])
def test_moves_cost_energy_unless_row_10_is_literal(literal):
    more = "\nreadings: {rows: {10: literal}}" if literal else ""
    run = run_of(extra="migration: {energy_j_per_mbit: 0.5}\nobjective: {kappa_s_per_j: 3, beta: 2}" + more)
    moved = 0
    for outcome in decisions(run, "follow_nearest"):
        situation, users = outcome.situation, run.users
        sending_j = users.tx_power_w[situation.users] * situation.upload_s
        moving_j = 0.0 if literal else 0.5 * outcome.moved_bits / 1e6
        np.testing.assert_allclose(outcome.energy_j, sending_j + moving_j, rtol=1e-12)
        assert outcome.cost.energy == pytest.approx(2 * 3 * (sending_j + moving_j).mean(), rel=1e-12)
        moved += int(outcome.moved.sum())
    assert moved > 0


@dataclass
class Recorded:
    """A choice of a policy that stays where the first slot put everybody, and keeps what its stream draws first."""

    text: str
    draws: list = field(default_factory=list)

    def for_run(self, run, rng):
        self.draws.append(rng.random())
        return self

    def decide(self, situation):
        return situation.before


def test_a_policy_draws_from_a_stream_of_its_text_and_the_seed_of_the_scenario():
    def draw(text, seed):
        choice, movement = Recorded(text), "slots: 1"
        list(outcomes(MigrationRun(city(users=4, seed=seed, movement=movement)), choice))
        return choice.draws[0]

    assert draw("mine:x=1", 3) == draw("mine:x=1", 3)
    assert len({draw("mine:x=1", 3), draw("mine:x=2", 3), draw("mine:x=1", 4)}) == 3


def test_twins_come_back_from_a_cloud_by_the_wire_they_went():
    run = run_of("cloud")
    moves, cloud = run.hosts.moves, len(run.host_ids) - 1
    users = np.arange(24)
    for k in range(run.hosts.stations):
        there, back = (
            moves.between(users, *ends)
            for ends in ((np.full(24, k), np.full(24, cloud)), (np.full(24, cloud), np.full(24, k)))
        )
        assert np.array_equal(there, back) and (there >= 0.02).all()  # at least the cloud's 20 ms
    assert (moves.between(users, np.full(24, cloud), np.full(24, cloud)) == 0).all()
