"""Price steps: a clock that is looked at between them changes none."""

import numpy as np
import pytest

from twinhop.placement.budget import Budget
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.search import Search
from twinhop.plans.planning import make_case


@pytest.mark.parametrize("name", ["family(300, 10)", "family(120, 8, capacity=30, deadlines=on)"])
def test_steps_in_chunks_are_the_steps_at_once(name):
    problem = make_case(name).problem
    price, theta, made = [], [], []
    for limit_s in (float("inf"), 1e6):
        search = Search(problem, Budget(limit_s))
        search.start()
        ascent = PriceAscent(search)
        ascent.steps(70)
        ascent.steps(5)
        price.append(ascent.price.copy())
        theta.append(ascent.theta.copy())
        made.append((ascent.bound, ascent.certificate().lower_bound))
    assert made[0] == made[1]
    assert np.array_equal(*price) and np.array_equal(*theta)
