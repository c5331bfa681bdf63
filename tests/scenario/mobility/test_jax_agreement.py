"""Every model gives the same numbers on NumPy and on jax.numpy arrays, and compiles."""

import numpy as np
import pytest
from mobility_cases import AREA, SLOT_S, model, placed

from twinhop.scenario.mobility import MOBILITY_MODELS, Churn, next_presence

jax = pytest.importorskip("jax")

USERS, SLOTS = 60, 25


def drawn(chosen, slot_s):
    draws, rng = chosen.draws(AREA, slot_s), np.random.default_rng(11)
    start = rng.random((draws.start_uniform, USERS)), rng.standard_normal((draws.start_normal, USERS))
    steps = rng.random((SLOTS, draws.uniform, USERS)), rng.standard_normal((SLOTS, draws.normal, USERS))
    return start, steps


def run(chosen, convert, slot_s=SLOT_S):
    """The states of every slot, from the same draws, through arrays made by `convert`."""
    start, steps = drawn(chosen, slot_s)
    state = chosen.start(convert(placed(USERS)), *map(convert, start), AREA)
    found = [state]
    for slot in range(SLOTS):
        uniform, normal = convert(steps[0][slot]), convert(steps[1][slot])
        state = chosen.step(state, uniform, normal, AREA, slot_s, slot * slot_s)
        found.append(state)
    return found


@pytest.mark.parametrize("slot_s", [1.0, SLOT_S, 40.0])
@pytest.mark.parametrize("kind", MOBILITY_MODELS)
def test_numpy_and_jax_agree(kind, slot_s):
    chosen = model(kind)
    expected = run(chosen, np.asarray, slot_s)
    with jax.enable_x64(True):
        found = run(chosen, jax.numpy.asarray, slot_s)
        for one, other in zip(found, expected, strict=True):
            for name, value in one._asdict().items():
                assert isinstance(value, jax.Array), name
                np.testing.assert_allclose(value, getattr(other, name), rtol=1e-9, atol=1e-9 * AREA.width_m)


@pytest.mark.parametrize("kind", MOBILITY_MODELS)
def test_models_compile_and_run_in_32_bits(kind):
    chosen = model(kind)
    start, steps = ([jax.numpy.asarray(each, jax.numpy.float32) for each in both] for both in drawn(chosen, SLOT_S))

    @jax.jit
    def moved(xy_m):
        def step(carry, draws):
            state, slot = carry
            state = chosen.step(state, *draws, AREA, SLOT_S, slot * SLOT_S)
            return (state, slot + 1), state.xy_m

        first = chosen.start(xy_m, *start, AREA)
        return jax.lax.scan(step, (first, 0), tuple(steps))[1]

    found = moved(jax.numpy.asarray(placed(USERS), jax.numpy.float32))
    assert found.dtype == np.float32 and found.shape == (SLOTS, USERS, 2)
    expected = np.stack([state.xy_m for state in run(chosen, np.asarray)[1:]])
    away_m = np.hypot(*np.moveaxis(np.asarray(found) - expected, -1, 0))
    assert np.quantile(away_m, 0.95) < 0.05  # a turn at a tie may go the other way


def test_presence_agrees():
    churn, rng = Churn(mean_present_s=30.0, mean_absent_s=10.0), np.random.default_rng(0)
    present, uniform = rng.random(500) < 0.5, rng.random(500)
    expected = next_presence(present, uniform, churn, 2.0)
    found = next_presence(jax.numpy.asarray(present), jax.numpy.asarray(uniform), churn, 2.0)
    assert isinstance(found, jax.Array) and np.array_equal(found, expected)
