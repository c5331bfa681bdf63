"""Transmission energy."""

import numpy as np
import pytest

from twinhop.network import transmit_energy_j


@pytest.mark.parametrize("users", [0, 1, 5])
def test_matches_a_plain_loop(users):
    rng = np.random.default_rng(users)
    power_w, bits, rate = rng.uniform(0.05, 0.5, users), rng.uniform(1e5, 2e7, users), rng.uniform(1e6, 1e8, users)
    expected_j = [power_w[i] * (bits[i] / rate[i]) for i in range(users)]
    assert transmit_energy_j(power_w, bits, rate) == pytest.approx(expected_j, rel=1e-12)


def test_half_a_watt_for_a_second_is_half_a_joule():
    assert transmit_energy_j(0.5, 1e7, 1e7) == 0.5
