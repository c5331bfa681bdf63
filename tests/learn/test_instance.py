import dataclasses

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from cities import city  # noqa: E402
from small_instances import problem  # noqa: E402

from twinhop.env.core import params_of  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import instance_cost, mean_latency_weight, padded  # noqa: E402
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


@pytest.mark.parametrize(
    ("is_summed", "present", "weight"), [(False, 3, 1.5), (True, 3, 1.5 * 3 / 8), (True, 0, 1.5 / 8)]
)
def test_a_second_of_mean_latency_counts_alpha_by_the_share_of_those_present(is_summed, present, weight):
    """A sum over the users present, of alpha over all users each, is alpha times their share times their mean."""
    cost = dataclasses.replace(params_of(city()).rules.cost, alpha=1.5, is_summed=is_summed)
    assert float(mean_latency_weight(cost, jax.numpy.arange(8) < present)) == pytest.approx(weight)
