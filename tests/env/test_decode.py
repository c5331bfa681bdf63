import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop.env.core import Action  # noqa: E402
from twinhop.env.core.decode import decode  # noqa: E402

M, N = 4, 9
compiled = jax.jit(decode, static_argnames="is_capacitated")


def decoded(opening, score, capacity, comm_s=None, active=None):
    comm_s = jnp.zeros((len(capacity), score.shape[1])) if comm_s is None else comm_s
    active = jnp.ones(score.shape[1], bool) if active is None else active
    action = Action(jnp.asarray(opening, float), jnp.asarray(score, float))
    return compiled(action, jnp.asarray(capacity, jnp.int32), comm_s, active, is_capacitated=True)


def by_hand(opening, score, capacity, comm_s, active):
    """The rule of `decode` in plain loops."""
    stations, users = score.shape
    opened = [k for k in range(stations) if opening[k] > 0 and capacity[k] > 0]
    if not opened:
        opened = [max((k for k in range(stations) if capacity[k] > 0), key=lambda k: (opening[k], -k))]
    host = [max(opened, key=lambda k: (score[k, i], -k)) for i in range(users)]
    moved = 0
    while True:
        load = [sum(1 for i in range(users) if active[i] and host[i] == k) for k in range(stations)]
        if all(load[k] <= capacity[k] for k in range(stations)) or all(load[k] >= capacity[k] for k in range(stations)):
            return host, moved
        targets = [k for k in opened if load[k] < capacity[k]] or [k for k in range(stations) if load[k] < capacity[k]]
        leaving = [i for i in range(users) if active[i] and load[host[i]] > capacity[host[i]]]
        k, i = min(
            ((k, i) for k in targets for i in leaving), key=lambda at: (comm_s[at] - comm_s[host[at[1]], at[1]], at)
        )
        host[i], moved = k, moved + 1
        opened = sorted({*opened, k})


def test_the_highest_score_among_the_opened_wins():
    score = np.array([[0.9, 0.1], [0.2, 0.3], [0.5, 0.3]])
    assert decoded([-1, 1, 1], score, [9, 9, 9]).host.tolist() == [2, 1]


def test_without_an_opening_the_largest_opens():
    assert decoded([-0.5, -0.1, -0.1], np.zeros((3, 2)), [9, 9, 9]).host.tolist() == [1, 1]


def test_stations_that_may_not_host_never_do():
    assert decoded([1, 1], np.array([[1.0], [0.0]]), [0, 5]).host.tolist() == [1]
    assert decoded([1, -1], np.array([[1.0], [0.0]]), [0, 5]).host.tolist() == [1]


def test_the_cheapest_surplus_users_move():
    comm_s = jnp.array([[1.0, 1.0, 1.0], [1.5, 1.2, 1.9], [9.0, 9.0, 9.0]])
    result = decoded([1, 1, 1], np.array([[1.0] * 3, [0.0] * 3, [0.0] * 3]), [1, 2, 3], comm_s)
    assert result.host.tolist() == [1, 1, 0] and int(result.repaired) == 2


def test_a_further_station_opens_where_the_opened_are_full():
    result = decoded([1, -1, -1], np.zeros((3, 2)), [1, 3, 3], jnp.array([[1.0, 1.0], [5.0, 4.0], [3.0, 4.5]]))
    assert result.host.tolist() == [2, 0]


cases = st.tuples(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 5), min_size=M, max_size=M))


@settings(max_examples=60, deadline=None)
@given(cases)
def test_as_by_hand(case):
    seed, capacity = case
    rng, capacity = np.random.default_rng(seed), np.array(capacity)
    if capacity.sum() < N:
        capacity[rng.integers(M)] += N
    opening = rng.uniform(-1, 1, M).astype(np.float32)
    score = rng.integers(0, 4, (M, N)) / 4  # ties
    comm_s = (rng.integers(0, 64, (M, N)) / 8).astype(np.float32)
    active = rng.random(N) < 0.8
    result = decoded(opening, score, capacity, jnp.asarray(comm_s), jnp.asarray(active))
    host, moved = by_hand(opening, score, capacity, comm_s, active)
    assert result.host.tolist() == host and int(result.repaired) == moved
    load = np.bincount(np.asarray(result.host)[active], minlength=M)
    assert (load <= capacity).all()
