"""What a CPU share is worth at most, against a fine grid of shares."""

import numpy as np
import pytest

from twinhop.kernels.share_value import share_value

SHARES = np.linspace(1e-6, 1.0, 200_001)


@pytest.mark.parametrize("seed", range(60))
def test_no_share_is_worth_more_and_the_best_is_worth_as_much(seed):
    rng = np.random.default_rng(seed)
    gain, scale, cpu = rng.uniform(0.1, 5.0), 10 ** rng.uniform(-3, 1), rng.uniform(0.05, 1.0)
    price = 10 ** rng.uniform(-4, 1) * gain
    share = SHARES * cpu
    best = max(0.0, (gain * np.exp(-scale / share) - price * share).max())
    worth, demand = share_value(gain, scale, price, cpu)
    assert worth >= best * (1 - 1e-12)
    # from its inflection on the function is its own concave majorant, which is met unless the best share lies before
    assert worth == pytest.approx(best, rel=1e-6, abs=1e-9)
    assert 0.0 <= demand <= cpu * (1 + 1e-12)


def test_where_nothing_is_to_be_shared():
    assert share_value(2.0, 0.0, 1.0, 5.0) == (2.0, 0.0)
    assert share_value(0.0, 1.0, 1.0, 5.0) == (0.0, 0.0)
    assert share_value(2.0, 1.0, 1.0, 0.0) == (0.0, 0.0)
    assert share_value(2.0, 1.0, 0.0, 5.0)[0] == pytest.approx(2.0 * np.exp(-0.2), rel=1e-12)
    assert share_value(1e250, 1.0, 1e-300, 5.0)[0] == pytest.approx(1e250 * np.exp(-0.2), rel=1e-12)
