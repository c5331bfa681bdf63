"""Algorithm 2 on the structured learner: what is taken over, and both readings of Eq. 34."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from small_instances import problem  # noqa: E402

from twinhop.errors import InputError  # noqa: E402
from twinhop.inference.instance import instance_of_problem  # noqa: E402
from twinhop.learn.instance import instance_cost  # noqa: E402
from twinhop.learn.sources import BankSource, PaddedSource  # noqa: E402
from twinhop.learn.structured import StructuredConfig, StructuredMaddpg  # noqa: E402
from twinhop.learn.transfer import Adaptation, Approach, Inheritance, Place, fitted  # noqa: E402
from twinhop.learn.transfer.aggregation import norm  # noqa: E402

SMALL = {"node_width": 4, "edge_width": 2, "critic_edge_width": 2, "critic_station_width": 4, "rounds": 0}
CONFIG = StructuredConfig(iterations=40, critic_only_iterations=0, critic_updates=1, replay_slots=12, **SMALL)
MADDPG = StructuredMaddpg(CONFIG)
BANK = jax.tree.map(lambda *each: np.stack(each), *[instance_of_problem(problem(s, 8, 3)) for s in range(16)])
SOURCE = BankSource(BANK, 4)


@partial(jax.jit, static_argnames=("learner", "iterations"))
def advanced(learner, state, source, iterations):
    return learner.advance(state, source, iterations)


@pytest.fixture(scope="module")
def places():
    """Where training ended in two places."""
    start = jax.jit(MADDPG.start)
    runs = [advanced(MADDPG, start(jax.random.key(seed), SOURCE), SOURCE, 6)[0] for seed in (0, 1)]
    return [Place(f"place {at + 1}", MADDPG.networks(run), run.replay) for at, run in enumerate(runs)]


LEARNER, WHOLE = Adaptation(MADDPG), Inheritance((1.0,))


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


@pytest.mark.slow
def test_one_place_without_pull_or_experience_is_a_fine_tuning_of_its_weights(places):
    inheritance, approach = Inheritance((1.0,), share=0.0), Approach(rho=0.0)
    begun = LEARNER.start(jax.random.key(2), SOURCE, places[:1], inheritance, approach)
    assert same(LEARNER.networks(begun), places[0].networks) and int(begun.run.replay.total) == 0
    tuned = MADDPG.with_networks(MADDPG.start(jax.random.key(2), SOURCE), places[0].networks)
    expected, _ = advanced(MADDPG, tuned, SOURCE, 6)
    result, log = advanced(LEARNER, begun, SOURCE, 6)
    ends = (jax.tree.leaves(each) for each in (LEARNER.networks(result), MADDPG.networks(expected)))
    for one, other in zip(*ends, strict=True):
        assert np.allclose(one, other, atol=1e-5)
    assert log["cost"].shape == (6,) and int(result.iteration) == 6


@pytest.mark.slow
def test_experience_comes_with_the_weights_and_is_tagged(places):
    begun = LEARNER.start(jax.random.key(2), SOURCE, places, Inheritance((0.5, 0.5), share=0.75))
    assert int(begun.run.replay.total) == 9
    assert np.asarray(begun.run.replay.entries.source)[:9, 0].tolist() == [2, 2, 2, 1, 1, 1, 1, 1, 1]
    costs, (latest, before) = begun.run.replay.entries.cost, (place.replay.entries.cost for place in places)
    assert np.array_equal(costs[3:9], latest[:6]) and np.array_equal(costs[:3], before[3:6])
    assert not np.array_equal(latest[3:6], before[3:6])
    result, _ = advanced(LEARNER, begun, SOURCE, 6)
    assert int(result.run.replay.total) == 15
    assert np.asarray(result.run.replay.entries.source)[:3, 0].tolist() == [0, 0, 0], "the furthest place goes first"


@pytest.mark.slow
def test_the_printed_reading_grows_and_the_sound_one_stays_near_the_source(places):
    ends = {}
    for reading in ("sound", "literal"):
        approach = Approach(0.5, 1.0, reading)
        begun = LEARNER.start(jax.random.key(2), SOURCE, places[:1], Inheritance((1.0,)), approach)
        ends[reading] = float(norm(LEARNER.networks(advanced(LEARNER, begun, SOURCE, 6)[0])))
    source = float(norm(places[0].networks))
    assert ends["sound"] == pytest.approx(source, rel=0.1)
    assert ends["literal"] == pytest.approx((1 + 6 * 0.5) * source, rel=0.1)


@pytest.mark.slow
def test_places_whose_networks_differ_are_refused(places):
    wider = StructuredMaddpg(CONFIG.model_copy(update={"node_width": 5}))
    other = Place("place 2", wider.networks(wider.start(jax.random.key(0), SOURCE)), None)
    with pytest.raises(InputError, match="place 2: .* expected models of one architecture"):
        LEARNER.start(jax.random.key(0), SOURCE, [places[0], other], Inheritance((0.5, 0.5)))


@pytest.mark.slow
def test_experience_alone_leaves_the_networks_as_they_were_drawn(places):
    begun = LEARNER.start(jax.random.key(2), SOURCE, places, Inheritance(None), Approach(rho=0.0))
    assert same(LEARNER.networks(begun), MADDPG.networks(MADDPG.start(jax.random.key(2), SOURCE)))
    assert int(begun.run.replay.total) == 6


@pytest.mark.slow
def test_what_was_lived_through_elsewhere_fits_another_size_and_costs_the_same(places):
    before = places[0].replay
    after = fitted(before, 3, 11, 5)
    assert after.entries.host.shape == (8, 3, 11) and int(after.total) == 8
    cost = jax.vmap(jax.vmap(instance_cost))(after.entries.obs, after.entries.host.astype("int32"))
    assert np.allclose(cost, after.entries.cost, rtol=1e-5)
    assert np.array_equal(np.asarray(after.entries.cost).ravel(), np.asarray(before.entries.cost)[:6].ravel())
    padded = PaddedSource(SOURCE, 11, 5)
    begun = LEARNER.start(jax.random.key(2), padded, [Place("a", places[0].networks, fitted(before, 4, 11, 5))], WHOLE)
    assert int(begun.run.replay.total) == 6


class Rising(NamedTuple):
    """A run whose networks grow by one in every iteration."""

    networks: Any
    replay: Any = None


class Riser:
    def start(self, key, source):
        return Rising((np.float32(1.0), np.float32(10.0)))

    def advance(self, state, source, iterations):
        return state._replace(networks=jax.tree.map(lambda each: each + iterations, state.networks)), {
            "cost": jax.numpy.zeros(iterations)
        }

    def networks(self, state):
        return state.networks

    def with_networks(self, state, networks, *, targets=False):
        return state._replace(networks=networks)


def test_every_iteration_is_pulled_towards_the_source_by_a_pull_that_decays():
    place = Place("before", (np.float32(3.0), np.float32(-2.0)), None)
    learner = Adaptation(Riser())
    state = learner.start(jax.random.key(0), None, [place], Inheritance((1.0,), share=0.0), Approach(0.5, 0.8))
    expected = np.array([3.0, -2.0])
    for iteration in range(3):
        pull = 0.5 * 0.8**iteration
        expected = (1 - pull) * (expected + 1) + pull * np.array([3.0, -2.0])
    state, _ = learner.advance(state, None, 3)
    np.testing.assert_allclose(learner.networks(state), expected, rtol=1e-6)
