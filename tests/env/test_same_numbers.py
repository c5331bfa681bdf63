"""The environment prices a slot as `plan` and `simulate` do, from the same positions, rates and hosts."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from twinhop.formulation import formulate, slot_radio
from twinhop.migration.outcome import outcome_of
from twinhop.migration.run import MigrationRun
from twinhop.placement import Placement, evaluate
from twinhop.scenario import parse_scenario

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop.env.core.generator import params_of  # noqa: E402
from twinhop.env.core.pricing import (  # noqa: E402
    Priced,
    link_costs,
    price,
    station_rewards,  # noqa: E402
)
from twinhop.env.core.types import Slot as EnvSlot  # noqa: E402

CITY = """
schema_version: 1
name: priced
seed: 3
stations: {{generate: {{count: 6}}, cpu_gcycles_per_s: {{uniform: [4, 12]}}, opening_s: 0.05}}
users: {{generate: {{count: 40}}, deadline_ms: {{uniform: [60, 250]}}}}
radio: {{path_loss: tr38901_uma, shadowing: correlated, fading: rayleigh, bandwidth_rule: {rule}}}
compute: {{cpu_rule: {cpu}}}
objective: {{deadlines: {deadlines}, alpha: 1.5, beta: 0.7, kappa_s_per_j: 2, aggregation: {aggregation}}}
migration: {{energy_j_per_mbit: 0.01}}
movement: {{cpu: {{kind: ar1, min_gcycles_per_s: 3, max_gcycles_per_s: 14}}, slots: 4}}
"""
CASES = [
    {"rule": "full", "cpu": "optimal", "deadlines": "false", "aggregation": "mean"},
    {"rule": "equal_share", "cpu": "proportional", "deadlines": "false", "aggregation": "sum"},
    {"rule": "full", "cpu": "optimal", "deadlines": "true", "aggregation": "mean"},
    {"rule": "equal_share", "cpu": "equal", "deadlines": "true", "aggregation": "mean"},
]


def env_slot(slot):
    """A slot of `simulate` as the environment has it."""
    rate = np.zeros((len(slot.up), len(slot.access)))
    return EnvSlot(
        distance_m=jnp.asarray(rate, float),
        rate_bps=jnp.asarray(rate, float),
        access=jnp.asarray(slot.access, jnp.int32),
        access_rate_bps=jnp.asarray(slot.rate_bps, float),
        cpu_cycles_per_s=jnp.asarray(slot.cpu_cycles_per_s, float),
        active=jnp.asarray(slot.active),
    )


@jax.jit
def compiled(params, obs, before, host):
    costs = link_costs(params.rules, params.topology, obs)
    result = price(params.rules, params.topology, obs, costs, before, host)
    return result, station_rewards(params.rules, params.topology, result, host)


def priced(params, slot, before, host):
    """The terms and the sum of the rewards."""
    result, rewards = compiled(params, env_slot(slot), jnp.asarray(before, jnp.int32), jnp.asarray(host, jnp.int32))
    return result, float(rewards.sum())


def agree(case, tolerance):
    scenario = parse_scenario(CITY.format(**case))
    rng, before = np.random.default_rng(5), np.full(40, -1)
    migration, placement = params_of(scenario, "migration"), params_of(scenario, "placement")
    for situation in MigrationRun(scenario):
        host = rng.integers(0, 6, 40)
        expected = outcome_of(situation.with_hosts(before), host)
        result, reward = priced(migration, situation.slot, before, host)
        np.testing.assert_allclose(result.comm_s, expected.comm_s, rtol=tolerance)
        np.testing.assert_allclose(result.computing_s, expected.computing_s, rtol=tolerance)
        np.testing.assert_allclose(result.move_s, expected.move_s, rtol=tolerance)
        np.testing.assert_allclose(result.energy_j, expected.energy_j, rtol=tolerance)
        assert np.array_equal(result.late, expected.violation & scenario.objective.deadlines)
        lateness = float(result.late.sum()) / 40 * migration.rules.cost.late_s
        np.testing.assert_allclose(-reward - lateness, expected.cost.total, rtol=tolerance)
        planned = evaluate(formulate(situation.slot.world(), slot_radio(situation.slot)), placed(host))
        result, reward = priced(placement, situation.slot, before, host)
        lateness = float(result.late.sum()) / 40 * placement.rules.cost.late_s
        np.testing.assert_allclose(-reward - lateness, planned.cost, rtol=tolerance)
        before = host


def placed(host):
    return Placement(host=host, open=np.bincount(host, minlength=6) > 0)


@pytest.mark.parametrize("case", CASES[1:3], ids=lambda case: "-".join(case.values()))
def test_costs_agree_in_32_bits(case):
    agree(case, 1e-4)


def test_the_literal_reward_counts_the_mean_opening_of_those_that_host_for_every_twin():
    """Rows 15 and 16; a station without seats is no server, whatever it would cost to open it."""
    params = params_of(parse_scenario(CITY.format(**CASES[0])), "migration")
    params = dataclasses.replace(params, rules=_with_reading(params.rules, "literal"))
    opening_s = np.array([0.1, 0.2, 0.4, 0.9, 5.0, 0.3])
    topology = params.topology._replace(
        opening_s=jnp.asarray(opening_s), capacity=jnp.asarray([40, 40, 7, 40, 0, 1], jnp.int32)
    )
    host = np.array([0] * 20 + [1] * 12 + [3] * 8)
    rng, count = np.random.default_rng(0), 40
    comm_s, computing_s, move_s, energy_j = rng.uniform(0.1, 1.0, (4, count))
    load = np.bincount(host, minlength=6)
    terms = Priced(
        *(jnp.asarray(each) for each in (comm_s, computing_s, move_s, energy_j)),
        moved=jnp.zeros(count, bool),
        late=jnp.ones(count, bool),
        load=jnp.asarray(load, jnp.int32),
        user_weight=jnp.asarray(1.5 / count),
        energy_weight=jnp.asarray(0.7 * 2 / count),
    )
    found = station_rewards(params.rules, topology, terms, jnp.asarray(host, jnp.int32))
    mean_s = (0.1 + 0.2 + 0.4 + 0.9 + 0.3) / 5
    expected = -0.7 * mean_s * load
    for user, k in enumerate(host.tolist()):
        expected[k] -= 1.5 / count * (comm_s[user] + computing_s[user] + move_s[user])
        expected[k] -= 0.7 * 2 / count * energy_j[user]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def _with_reading(rules, reading):
    return dataclasses.replace(rules, cost=dataclasses.replace(rules.cost, reading=reading))


def test_costs_agree_in_64_bits():
    """The 64-bit switch is for a whole process, so it is one of its own."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_same_numbers as t\n"
        "for case in t.CASES: t.agree(case, 1e-9)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, os.path.dirname(__file__)],
        env={**os.environ, "JAX_ENABLE_X64": "true"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
