"""Latency, utilisation and age against plain loops."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinhop.network import (
    communication_latency_s,
    mean_age_s,
    peak_age_s,
    placement_communication_s,
    placement_work_cycles,
    synchronisation_utilisation,
    system_latency_s,
    twin_latency_s,
)

ETA_S, DT_S, C_C, C_U = 0.7, 0.5, 100.0, 50.0
SECONDS = st.floats(0.0, 100.0)


@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize(("users", "hosts"), [(0, 2), (1, 1), (3, 3), (4, 2)])
def test_communication_latency_matches_a_plain_loop(users, hosts, hops):
    rng = np.random.default_rng(users)
    bits, rate, wired_s = rng.uniform(1e5, 2e7, users), rng.uniform(1e6, 1e8, users), rng.random((users, hosts))
    found_s = communication_latency_s(bits, rate, wired_s, wired_hops=hops)
    assert found_s.shape == (users, hosts)
    for i in range(users):
        for k in range(hosts):
            assert found_s[i, k] == pytest.approx(bits[i] / rate[i] + sum([wired_s[i, k]] * hops), rel=1e-12)
    chosen_s = communication_latency_s(bits, rate, wired_s[:, 0], wired_hops=hops)
    assert chosen_s == pytest.approx(found_s[:, 0])


def test_communication_latency_refuses_a_third_hop():
    with pytest.raises(ValueError, match="3; accepted: 1, 2"):
        communication_latency_s(1.0, 1.0, np.ones(1), wired_hops=3)


def test_latency_of_each_host_counts_its_own_computing():
    latency_s = twin_latency_s(np.array([[0.5, 0.75], [1.0, 2.0]]), np.array([[0.25], [4.0]]))
    assert latency_s.tolist() == [[0.75, 1.0], [5.0, 6.0]]


@given(SECONDS, st.floats(0.1, 10.0))
def test_utilisation_and_age(update_s, dt_s):
    assert synchronisation_utilisation(np.array([update_s]), dt_s)[0] == pytest.approx(update_s / dt_s)
    ages_s = [update_s + (step + 0.5) / 1000 * dt_s for step in range(1000)]
    assert mean_age_s(np.array([update_s]), dt_s)[0] == pytest.approx(math.fsum(ages_s) / 1000, rel=1e-9)
    assert peak_age_s(np.array([update_s]), dt_s)[0] == pytest.approx(update_s + dt_s)


@given(st.lists(st.tuples(SECONDS, st.floats(0.0, 2.0)), max_size=8))
def test_system_latency_matches_a_plain_mean(users):
    construction_s, utilisation = np.array(users, dtype=float).reshape(-1, 2).T
    total_s = 0.0
    for t_ini_s, t_syn in users:
        total_s += t_ini_s + ETA_S * t_syn
    expected_s = total_s / len(users) if users else 0.0
    assert system_latency_s(construction_s, utilisation, ETA_S) == pytest.approx(expected_s, rel=1e-9)


def test_placement_terms_rebuild_the_system_latency():
    rng = np.random.default_rng(3)
    history, update, share = rng.uniform(5e6, 2e7, 6), rng.uniform(1e5, 1e6, 6), rng.uniform(1e8, 1e9, 6)
    comm_s, comm_update_s = rng.random(6), 0.05 * rng.random(6)
    by_user_s = []
    for i in range(6):
        t_ini_s = comm_s[i] + C_C * history[i] / share[i]
        t_upd_s = comm_update_s[i] + C_U * update[i] / share[i]
        by_user_s.append(t_ini_s + ETA_S * t_upd_s / DT_S)
    work = placement_work_cycles(history, update, C_C, C_U, ETA_S, DT_S)
    gathered_s = placement_communication_s(comm_s, comm_update_s, ETA_S, DT_S) + work / share
    assert gathered_s == pytest.approx(by_user_s, rel=1e-12)
    construction_s = twin_latency_s(comm_s, C_C * history / share)
    utilisation = synchronisation_utilisation(twin_latency_s(comm_update_s, C_U * update / share), DT_S)
    assert system_latency_s(construction_s, utilisation, ETA_S) == pytest.approx(sum(by_user_s) / 6, rel=1e-12)
