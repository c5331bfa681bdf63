"""The wired hop against a plain loop."""

import numpy as np
import pytest

from twinhop.network import wired_latency_s

PHI_S_PER_BIT_M = 1e-11


@pytest.mark.parametrize(("users", "hosts"), [(0, 2), (1, 1), (3, 3), (4, 2)])
def test_matches_a_plain_loop(users, hosts):
    rng = np.random.default_rng(users)
    bits, hop_m = rng.uniform(1e5, 2e7, users), rng.uniform(0.0, 2e3, (users, hosts))
    found_s = wired_latency_s(bits, hop_m, PHI_S_PER_BIT_M)
    assert found_s.shape == (users, hosts)
    for i in range(users):
        for k in range(hosts):
            assert found_s[i, k] == pytest.approx(PHI_S_PER_BIT_M * float(bits[i]) * float(hop_m[i, k]), rel=1e-12)


def test_at_the_chosen_host_only():
    chosen_s = wired_latency_s(np.array([1e6, 2e6]), np.array([1000.0, 500.0]), PHI_S_PER_BIT_M)
    assert chosen_s == pytest.approx(np.array([0.01, 0.01]))


def test_ten_megabit_over_a_kilometre_takes_a_tenth_of_a_second():
    assert wired_latency_s(1e7, 1e3, PHI_S_PER_BIT_M) == pytest.approx(0.1)
