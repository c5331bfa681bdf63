"""What keeps flat MADDPG stable: the penalty on outputs, gradients that are cut, the warm-up, standardised states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from twinhop.env.core import params_of
from twinhop.errors import InputError
from twinhop.learn.config import parse_config
from twinhop.learn.literal import FlatConfig, Literal, LiteralConfig, shapes_of
from twinhop.learn.maddpg import MaddpgConfig, ReplayTransition, Shapes, begin, update
from twinhop.learn.maddpg.learner import cut_to
from twinhop.learn.maddpg.networks import actions, outputs
from twinhop.scenario import parse_scenario

SHAPES = Shapes(agents=2, observation=0, action=1, state=3)
CITY = """
schema_version: 1
name: tiny
area: {width_m: 800, height_m: 800}
radio: {fading: rayleigh}
stations: {generate: {count: 3}, capacity_users: all, opening_s: 0.05}
users: {generate: {count: 5}}
objective: {deadlines: false}
"""


def rewarded_for_loud_actions(rows=64):
    """Transitions whose reward is the sum of the actions: the best ones are at the bound."""
    rng = np.random.default_rng(0)
    action = rng.uniform(-1, 1, (rows, 2, 1))
    state = rng.uniform(-1, 1, (rows, 3))
    return ReplayTransition(
        state=jnp.asarray(state, jnp.float32),
        observation=None,
        action=jnp.asarray(action, jnp.float32),
        reward=jnp.asarray(5 * action.sum(axis=(1, 2)), jnp.float32),
        next_state=jnp.asarray(state, jnp.float32),
        next_observation=None,
        terminated=jnp.ones(rows, jnp.float32),
    )


def learned(updates=400, **changes):
    config = MaddpgConfig(hidden=(16, 8), critics="shared", actor_rate=0.01, critic_rate=0.01, **changes)
    batch = rewarded_for_loud_actions()

    def go(learner, _):
        return update(config, learner, batch)

    start = begin(config, SHAPES, jax.random.key(0))
    return jax.jit(lambda state: jax.lax.scan(go, state, length=updates))(start), batch


def test_the_penalty_keeps_outputs_where_gradients_live():
    (_, bare), batch = learned()
    (after, cured), _ = learned(output_penalty=0.3)
    assert float(bare.saturation[-1]) > 0.9, "the best action is at the bound, and nothing holds outputs back"
    assert float(cured.saturation[-1]) == 0
    said = outputs(after.networks.actor, batch.state)
    assert float(cured.penalty[-1]) == pytest.approx(float(jnp.mean(said**2)), rel=0.1)
    assert float(jnp.mean(actions(after.networks.actor, batch.state))) > 0.5, "it learns all the same"


def test_what_is_free_is_not_penalised_and_a_penalty_fades():
    (_, beyond), _ = learned(output_penalty=10.0, output_penalty_beyond=1.5)
    assert 1.0 < float(jnp.sqrt(beyond.penalty[-1])) + 1.5 < 3.0
    assert float(beyond.saturation[-1]) == 0
    (_, faded), _ = learned(output_penalty=0.3, output_penalty_decay=0.9)
    assert float(faded.saturation[-1]) > 0.9


def test_each_network_is_cut_by_itself():
    slopes = {"a": jnp.array([[3.0, 0.0], [0.3, 0.0]]), "b": jnp.array([4.0, 0.4])}
    cut = cut_to(1.0, slopes)
    assert np.allclose(cut["a"], [[0.6, 0.0], [0.3, 0.0]]) and np.allclose(cut["b"], [0.8, 0.4])
    assert cut_to(None, slopes) is slopes
    assert np.isfinite(cut_to(1.0, {"a": jnp.zeros((2, 3))})["a"]).all()


@pytest.fixture(scope="module")
def source():
    return params_of(parse_scenario(CITY))


@pytest.fixture(scope="module")
def flat_run(source):
    config = FlatConfig(hidden=(8, 6), slots=4, replay=40, batch=8, warm_up=8, standardise=5, updates=2)
    learner = Literal(config)
    start = jax.jit(learner.start)(jax.random.key(3), source)
    advance = jax.jit(lambda state: learner.advance(state, source, 1))
    first, _ = advance(start)
    second, log = advance(first)
    return learner, start, first, second, log


def test_states_are_standardised_and_policies_take_them_as_they_are(source, flat_run):
    learner, start, _, second, _ = flat_run
    scale = start.scale
    rows = second.replay.entries.state[:8]
    assert float(jnp.abs(rows).mean()) < 3, "numbers of order one"
    raw = rows * scale.deviation + scale.mean
    trained_on = outputs(second.learner.networks.actor, rows)
    assert np.allclose(outputs(learner.weights(second), raw), trained_on, atol=2e-3)


def test_the_scale_is_finite_and_of_every_number(source, flat_run):
    scale = flat_run[1].scale
    assert scale.mean.shape == (shapes_of(source).state,)
    assert float(scale.deviation.min()) > 0 and np.isfinite(scale.mean).all()
    assert float(scale.reward_mean) < 0, "rewards are minus costs"


def test_nothing_is_updated_before_the_memory_holds_enough(flat_run):
    _, start, first, second, log = flat_run

    def moved(one, other):
        pairs = zip(jax.tree.leaves(one.learner.networks), jax.tree.leaves(other.learner.networks), strict=True)
        return any(not np.array_equal(a, b) for a, b in pairs)

    assert not moved(start, first) and moved(first, second)
    assert log["critic_loss"][0] > 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("output_penalty: .nan", "output_penalty"),
        ("output_penalty: -0.1", "output_penalty"),
        ("output_penalty_decay: 0", "output_penalty_decay"),
        ("actor_clip: 0", "actor_clip"),
        ("warm_up: -1", "warm_up"),
        ("standardise: .inf", "standardise"),
    ],
)
def test_stabilisers_out_of_range_are_refused_by_name(line, words):
    text = f"schema_version: 1\nname: a\nalgorithm: flat\nscenario: lu2021-n80-m5\nflat:\n  {line}\n"
    with pytest.raises(InputError, match=words) as error:
        parse_config(text)
    assert "\n" not in str(error.value).strip()


def test_a_nan_in_the_penalty_of_openings_is_refused():
    text = "schema_version: 1\nname: a\nscenario: lu2021-n80-m5\nstructured:\n  opening_penalty: .nan\n"
    with pytest.raises(InputError, match="opening_penalty"):
        parse_config(text)


def test_as_printed_nothing_of_it_is_on():
    printed = LiteralConfig()
    assert (printed.output_penalty, printed.actor_clip, printed.warm_up, printed.standardise) == (0, None, 0, 0)
    assert printed.last_noise is None and printed.updates == 1
