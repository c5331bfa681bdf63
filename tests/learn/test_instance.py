import numpy as np
import pytest

jax = pytest.importorskip("jax")

from small_instances import problem  # noqa: E402

from twinhop.learn.instance import instance_cost, instance_of_problem, padded  # noqa: E402
from twinhop.placement.evaluation import evaluate  # noqa: E402
from twinhop.placement.placement import Placement  # noqa: E402

cost_of = jax.jit(instance_cost)


def priced(instance, host):
    return float(cost_of(instance, host))


@pytest.mark.parametrize("alpha", [1.0, 2.5])
def test_cost_is_that_of_the_problem_over_alpha(alpha):
    one = problem(3, alpha=alpha)
    host = np.random.default_rng(0).integers(0, 3, one.users)
    cost = evaluate(one, Placement.of_hosts(host, one.stations)).cost
    assert priced(instance_of_problem(one), host) == pytest.approx(cost / alpha, rel=1e-5)


def test_padding_changes_no_cost():
    instance = instance_of_problem(problem(1))
    host = np.random.default_rng(0).integers(0, 4, 9)
    wide = padded(instance, 13, 6)
    assert wide.comm_s.shape == (6, 13)
    assert priced(wide, np.pad(host, (0, 4))) == pytest.approx(priced(instance, host), rel=1e-6)


def test_forbidden_hosts_cost_without_end():
    one = problem(1, forbidden=0.5)
    assert priced(instance_of_problem(one), one.comm_s.argmax(axis=1)) == np.inf
