"""Every public function gives the same numbers on NumPy and on jax.numpy arrays, in 64 and in 32 bits."""

import inspect
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twinhop import network, units
from twinhop.units import currency

jax = pytest.importorskip("jax")

N, M = 5, 3  # one shape: JAX compiles for every shape anew
ETA_S, DT_S = 0.5, 2.0
SMALL = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def real(low, high, *shape):
    """Arrays of numbers that float32 holds exactly, so that both libraries start from the same ones.

    Next to 0 nothing is drawn below a millionth of the range: products of such numbers vanish in float32.
    """
    numbers = st.floats(float(np.float32(low)) or float(np.float32(1e-6 * high)), float(np.float32(high)), width=32)
    elements = numbers if low else st.just(0.0) | numbers
    return arrays(np.float32, shape, elements=elements).map(lambda x: x.astype(np.float64))


def integer(high, *shape):
    return arrays(np.int32, shape, elements=st.integers(0, high))


POINT_M = integer(1500 * 64, N, 2).map(lambda k: k / 64.0)
SECONDS, SECONDS_NM = real(1e-3, 2.0, N), real(1e-3, 2.0, N, M)
BITS, RATE, POWER = real(1e5, 2e7, N), real(1e6, 1e8, N), real(0.05, 0.5, N)
WORK, FLOOR_MN, CPU = real(1e6, 2e9, N), real(0.0, 1.7e9, M, N), real(8e9, 2.4e10, M)
MEMBER = arrays(np.bool_, (M, N))
GAIN_NM, DISTANCE_NM = real(1e-12, 1e-8, N, M), real(0.0, 3e3, N, M)
PATH_DELAY_S = np.array([1e-3, 3e-2], np.float32).astype(np.float64).repeat(16).reshape(2, 4, 4)
PATH_S_PER_BIT = np.array([1e-8, 1e-9], np.float32).astype(np.float64).repeat(16).reshape(2, 4, 4)
SEARCHES = {"path_envelopes", "routes_from", "Route"}
"""They search a graph: NumPy only."""

CASES: dict[str, tuple[Callable, tuple]] = {
    "db_to_linear": (units.db_to_linear, (real(-150.0, 60.0, N),)),
    "linear_to_db": (units.linear_to_db, (real(2.0, 1e9, N),)),
    "dbm_to_w": (units.dbm_to_w, (real(-174.0, 60.0, N),)),
    "w_to_dbm": (units.w_to_dbm, (real(0.01, 100.0, N),)),
    "distance_m": (network.distance_m, (POINT_M, POINT_M)),
    "tr36814_macro_pathloss_db": (network.tr36814_macro_pathloss_db, (DISTANCE_NM,)),
    "tr38901_los_pathloss_db": (lambda d: network.tr38901_los_pathloss_db(d, "uma", 3.5e9), (DISTANCE_NM,)),
    "tr38901_los_pathloss_db umi": (lambda d: network.tr38901_los_pathloss_db(d, "umi", 28e9), (DISTANCE_NM,)),
    "tr38901_nlos_pathloss_db": (lambda d: network.tr38901_nlos_pathloss_db(d, "umi", 3.5e9), (DISTANCE_NM,)),
    "tr38901_nlos_pathloss_db uma": (
        lambda d: network.tr38901_nlos_pathloss_db(d, "uma", 6e9, station_height_m=30.0, user_height_m=12.0),
        (DISTANCE_NM,),
    ),
    "tr38901_pathloss_db": (
        lambda d, sight: network.tr38901_pathloss_db(d, sight, "uma", 3.5e9),
        (DISTANCE_NM, arrays(np.bool_, (N, M))),
    ),
    "tr38901_los_probability": (lambda d: network.tr38901_los_probability(d, "uma"), (DISTANCE_NM,)),
    "tr38901_los_probability umi": (lambda d: network.tr38901_los_probability(d, "umi"), (DISTANCE_NM,)),
    **{
        f"okumura_hata_pathloss_db {where}": (
            lambda d, where=where: network.okumura_hata_pathloss_db(d, 900e6, environment=where),
            (DISTANCE_NM,),
        )
        for where in network.HATA_ENVIRONMENTS
    },
    "power_law_pathloss_db": (lambda d: network.power_law_pathloss_db(d, 3.5, 30.0), (DISTANCE_NM,)),
    "normal_cdf": (network.normal_cdf, (real(-5.0, 5.0, N, M),)),
    "line_of_sight": (network.line_of_sight, (real(0.0, 1.0, N, M), real(-3.0, 3.0, N, M))),
    "field_waves": (  # a wave along an axis has a component of 0
        lambda wave: 100.0 + network.field_waves(wave, 37.0),
        (real(0.0, 1.0 - 2.0**-20, 16, 2),),
    ),
    "spatial_field": (  # as part of a loss: a field passes through 0, where no relative accuracy can be had
        lambda xy, wave, normal: 100.0 + 4.0 * network.spatial_field(xy, wave, normal, 37.0),
        (POINT_M, real(0.0, 1.0 - 2.0**-20, 16, 2), real(-3.0, 3.0, M, 32)),
    ),
    "correlation_after": (lambda d: network.correlation_after(d, 50.0), (real(0.0, 500.0, N),)),
    "next_shadowing_db": (
        lambda x, n, d: 100.0 + network.next_shadowing_db(x, n, d, 6.0, 50.0),
        (real(-18.0, 18.0, N), real(-3.0, 3.0, N), real(0.0, 500.0, N)),
    ),
    "users_per_station": (lambda b: network.users_per_station(b, M), (integer(M - 1, N),)),
    "uplink_interference_w_per_hz": (
        network.uplink_interference_w_per_hz,
        (POWER, GAIN_NM, integer(M - 1, N), real(1e5, 2e7, N)),
    ),
    "channel_gain": (network.channel_gain, (real(50.0, 140.0, N, M), real(0.05, 10.0, N, M), real(-20.0, 20.0, N, M))),
    "rayleigh_power": (network.rayleigh_power, (real(0.0, 1.0 - 2.0**-20, N),)),
    "user_bandwidth_hz": (lambda b: network.user_bandwidth_hz(20e6, b, M, "equal_share"), (integer(M - 1, N),)),
    "user_bandwidth_hz full": (lambda b: network.user_bandwidth_hz(20e6, b, M, "full"), (integer(M - 1, N),)),
    "rate_bps": (lambda w, p, h: network.rate_bps(w, p, h, 4e-21), (real(1e5, 2e7, N), POWER, GAIN_NM)),
    "rate_bps ln": (lambda h: network.rate_bps(20e6, 0.2, h, 4e-21, "ln"), (real(1e-15, 1e-8, N),)),
    "rate_bps interfered": (
        lambda w, h, noise: network.rate_bps(w, 0.2, h, 1e-18 * noise),
        (real(1e5, 2e7, N), GAIN_NM, real(0.01, 1.0, N)),
    ),
    "access_by_signal": (network.access_by_signal, (GAIN_NM,)),
    "access_by_signal hysteresis": (lambda h, b: network.access_by_signal(h, b, 3.0), (GAIN_NM, integer(M - 1, N))),
    "access_by_distance": (network.access_by_distance, (DISTANCE_NM,)),
    "wired_latency_s": (lambda x, d: network.wired_latency_s(x, d, 1e-11), (BITS, DISTANCE_NM)),
    "routed_latency_s": (
        network.routed_latency_s,
        (BITS, integer(3, N), integer(3, M), real(1e-4, 1e-2, 2, 4, 4), real(1e-10, 1e-8, 2, 4, 4)),
    ),
    "fastest_path": (
        network.fastest_path,
        (BITS, integer(3, N), integer(3, N), st.just(PATH_DELAY_S), st.just(PATH_S_PER_BIT)),
    ),
    "share_weights": (lambda w: network.share_weights(w, "optimal"), (WORK,)),
    "share_weights equal": (lambda w: network.share_weights(w, "equal"), (WORK,)),
    "share_weights proportional": (lambda w: network.share_weights(w, "proportional"), (WORK,)),
    "minimum_share_cycles_per_s": (
        network.minimum_share_cycles_per_s,
        (real(0.0, 5e7, N), st.sampled_from([np.full(N, 0.5), np.full(N, np.inf)]), real(0.0, 0.3, N, M)),
    ),
    "water_fill_shares": (network.water_fill_shares, (real(0.0, 4e4, N), FLOOR_MN, CPU, MEMBER)),
    "water_fill_shares unfit": (network.water_fill_shares, (real(1.0, 4e4, N), real(5e9, 6e9, N), CPU)),
    "computing_latency_s": (network.computing_latency_s, (real(0.0, 2e9, N), real(1e6, 2e9, N))),
    "optimal_computing_latency_s": (network.optimal_computing_latency_s, (real(0.0, 4e4, M, N), CPU)),
    "communication_latency_s": (network.communication_latency_s, (BITS, RATE, SECONDS_NM)),
    "twin_latency_s": (network.twin_latency_s, (SECONDS_NM, SECONDS_NM)),
    "synchronisation_utilisation": (lambda t: network.synchronisation_utilisation(t, DT_S), (SECONDS,)),
    "system_latency_s": (lambda t, u: network.system_latency_s(t, u, ETA_S), (SECONDS, SECONDS)),
    "placement_communication_s": (
        lambda history_s, update_s: network.placement_communication_s(history_s, update_s, ETA_S, DT_S),
        (SECONDS_NM, SECONDS_NM),
    ),
    "placement_work_cycles": (
        lambda history, update: network.placement_work_cycles(history, update, 100.0, 50.0, ETA_S, DT_S),
        (BITS, BITS),
    ),
    "mean_age_s": (lambda t: network.mean_age_s(t, DT_S), (SECONDS,)),
    "peak_age_s": (lambda t: network.peak_age_s(t, DT_S), (SECONDS,)),
    "transmit_energy_j": (network.transmit_energy_j, (POWER, BITS, RATE)),
    "utility": (network.utility, (real(0.05, 0.2, N), real(0.0, 0.2, N), real(0.0, 0.05, N))),
}


def test_every_public_function_is_covered():
    names = [(module, name) for module in (units, network) for name in module.__all__]
    public = {name for module, name in names if inspect.isfunction(getattr(module, name))}
    public -= set(vars(currency)) & public  # texts, not arrays
    assert public - SEARCHES == {case.split()[0] for case in CASES}


def narrowed(value):
    return value.astype(np.float32) if value.dtype == np.float64 else value


def assert_same(found, expected, rtol):
    assert isinstance(found, jax.Array)
    assert found.shape == np.shape(expected)
    if np.issubdtype(np.asarray(expected).dtype, np.integer):
        assert np.array_equal(np.asarray(found), expected)
    else:
        np.testing.assert_allclose(np.asarray(found, dtype=np.float64), expected, rtol=rtol, atol=0.0)


@pytest.mark.parametrize("case", CASES)
@SMALL
@given(values=st.data())
def test_numpy_and_jax_agree(case, values):
    function, strategies = CASES[case]
    inputs = [values.draw(strategy) for strategy in strategies]
    expected = function(*inputs)
    with jax.enable_x64(True):
        assert_same(function(*[jax.numpy.asarray(value) for value in inputs]), expected, rtol=1e-9)
    found = function(*[jax.numpy.asarray(narrowed(value)) for value in inputs])
    assert found.dtype in (np.float32, np.int32, np.bool_)
    assert_same(found, expected, rtol=1e-4)


def example(strategies):
    """One example of the inputs."""
    found = []

    @settings(max_examples=1, database=None, derandomize=True)
    @given(st.tuples(*strategies))
    def note(inputs):
        found[:] = inputs

    note()
    return found


@pytest.mark.parametrize("case", CASES)
def test_functions_compile(case):
    function, strategies = CASES[case]
    inputs = [jax.numpy.asarray(narrowed(np.ones_like(x))) for x in example(strategies)]
    np.testing.assert_allclose(jax.jit(function)(*inputs), function(*inputs), rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_no_users(case):
    function, strategies = CASES[case]
    empty = [np.take(x, [], axis=x.shape.index(N)) if N in x.shape else x for x in example(strategies)]
    shape = jax.eval_shape(function, *[jax.numpy.asarray(narrowed(value)) for value in empty]).shape
    assert np.shape(function(*empty)) == shape


def test_water_filling_maps_over_environments():
    rng = np.random.default_rng(5)
    weight, floor = rng.random((4, N)).astype(np.float32), rng.random((4, N)).astype(np.float32)
    mapped = jax.vmap(network.water_fill_shares, in_axes=(0, 0, None))(weight, floor, 6.0)
    np.testing.assert_allclose(mapped, network.water_fill_shares(weight, floor, np.full(4, 6.0)), rtol=1e-5)


def test_no_users_under_jax():
    empty = jax.numpy.zeros(0)
    assert network.water_fill_shares(empty, empty, 7.0).shape == (0,)
    assert float(network.system_latency_s(empty, empty, ETA_S)) == 0.0


def test_the_global_64_bit_switch_stays_off():
    assert jax.numpy.asarray(np.ones(1)).dtype == np.float32
