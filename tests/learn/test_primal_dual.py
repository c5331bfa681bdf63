"""The primal-dual network: JAX and the compiled forward pass agree, responses are exact, and bounds rise."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.inference.price_forward import forward
from twinhop.inference.price_input import PricedArrays
from twinhop.inference.price_weights import PARTS, blocks_of
from twinhop.learn.config import load_config, parse_config
from twinhop.learn.multilayer import init_weights
from twinhop.learn.primal_dual import PrimalDual, PrimalDualConfig, PrimalDualNetwork
from twinhop.learn.primal_dual.config import Size
from twinhop.learn.primal_dual.response import respond
from twinhop.learn.primal_dual.worlds import draw_instance
from twinhop.learn.trainer import train_run

STATIONS, USERS = 4, 20


@functools.cache
def network():
    return jax.jit(lambda key: init_weights(PrimalDualNetwork(4, 24), key))(jax.random.key(3))


@functools.cache
def priced():
    def one(key):
        instance = draw_instance(key, STATIONS, USERS, True, True)
        result = network()(instance, jnp.zeros(USERS))
        return instance, result.price, result.values, respond(instance, result.price, True, True)

    return jax.jit(one)


def arrays_of(instance):
    names = ("far", "work", "cpu", "opening", "seats", "floor", "allowed")
    arrays = [np.asarray(getattr(instance, name), np.float32) for name in names]
    return PricedArrays(*arrays, int(instance.least_open), bool((np.asarray(instance.floor) > 0).any()))


def test_the_compiled_forward_pass_agrees():
    blocks = network().blocks
    weights = blocks_of(
        {
            f".blocks.{part}.{name}": np.asarray(getattr(getattr(blocks, part), name))
            for part in PARTS
            for name in ("weight", "bias")
        },
        "weights",
    )
    has_floors = []
    for seed in range(12):
        instance, price, *_ = priced()(jax.random.key(seed))
        arrays = arrays_of(instance)
        has_floors.append(arrays.has_floors)
        np.testing.assert_allclose(forward(weights, arrays), np.asarray(price), rtol=1e-5)
    assert set(has_floors) == {True, False}


def test_relaxed_values_are_bounds_that_exact_minima_bear_out():
    """Theta and nu minimise a convex function: no other ones near give a lower value of the station."""
    for seed in range(4):
        instance, price, _, response = jax.tree.map(np.asarray, priced()(jax.random.key(seed)))
        far, work, floor = (np.asarray(each, float) for each in (instance.far, instance.work, instance.floor))
        worth = np.where(np.asarray(instance.allowed), np.asarray(price, float) - far, -1e9)

        def value(k, theta, nu, worth=worth, work=work, floor=floor, instance=instance):
            plain, safe = theta * work, np.maximum(floor[k], 1e-12)
            charge = np.where(theta * floor[k] > 2 * work, work**2 / safe + theta**2 * floor[k] / 4, plain)
            gained = np.maximum(worth[k] - charge - nu, 0.0).sum()
            return theta**2 * float(instance.cpu[k]) / 4 + float(instance.seats[k]) * nu + gained

        for k in range(STATIONS):
            theta, nu = float(response.theta[k]), float(response.nu[k])
            found = (float(instance.opening[k]) - float(response.reduced[k])) * USERS
            assert found == pytest.approx(value(k, theta, nu), rel=1e-3, abs=1e-3)
            grid = [
                value(k, t * max(theta, 1e-3), n) for t in np.linspace(0, 2, 21) for n in np.linspace(0, 3 * nu + 1, 21)
            ]
            assert found <= min(grid) + 2e-3 * (1 + abs(found))
        assert (np.asarray(response.share).sum(axis=1) <= np.asarray(instance.seats) + 0.51).all()


def test_drawn_worlds_have_a_seat_for_everybody():
    for seed in range(12):
        instance, *_ = priced()(jax.random.key(seed))
        assert np.asarray(instance.seats).sum() >= USERS and np.asarray(instance.allowed).any(axis=0).all()
        assert np.asarray(instance.work).mean() == pytest.approx(1.0, rel=1e-5)
        assert np.asarray(instance.cpu).sum() == pytest.approx(USERS, rel=1e-5)
        assert np.isfinite(np.asarray(instance.far)).all() and (np.asarray(instance.far) >= 0).all()


def test_configurations_say_what_is_learned_from():
    config, _ = load_config("primal_dual")
    assert config.algorithm == "primal_dual"
    with pytest.raises(InputError, match="is said once, as iterations of the run"):
        parse_config(
            "schema_version: 1\nname: a\nscenario: lu2021-n80-m5\nalgorithm: primal_dual\nprimal_dual: {iterations: 3}"
        )
    with pytest.raises(InputError, match="belongs to algorithm: primal_dual"):
        parse_config("schema_version: 1\nname: a\nscenario: lu2021-n80-m5\nprimal_dual: {blocks: 3}")


SMALL = {"sizes": (Size(stations=2, users=6, batch=4, weight=1.0, limits=True),), "blocks": 2, "width": 4, "warm_up": 1}


@pytest.mark.slow
def test_bounds_rise():
    algorithm = PrimalDual(PrimalDualConfig.model_validate({**SMALL, "iterations": 400}))
    state = jax.jit(lambda key: algorithm.start(key, None))(jax.random.key(0))
    _, log = jax.jit(lambda state: algorithm.advance(state, None, 400))(state)
    bound = np.asarray(log["bound"])
    assert np.isfinite(bound).all() and bound[-100:].mean() > bound[:100].mean()


@pytest.mark.slow
def test_a_run_is_judged_kept_and_gone_on_with(tmp_path):
    text = (
        "schema_version: 1\nname: small\nscenario: family(20, 3)\nalgorithm: primal_dual\niterations: 4\n"
        "evaluation: {every: 2, instances: 2}\ncheckpoint_every: 2\n"
        "primal_dual: {blocks: 2, width: 4, sizes: [{stations: 2, users: 6, batch: 4, weight: 1}]}\n"
    )
    whole = train_run(parse_config(text), tmp_path / "whole")
    assert whole.iteration == 4 and whole.evaluation["gap_percent"] < 100
    from twinhop.placement import solve
    from twinhop.plans.planning import make_case

    problem = make_case("family(20, 3)", 5).problem
    assert solve(problem, f"primal_dual:{tmp_path / 'whole'}").gap >= 0
