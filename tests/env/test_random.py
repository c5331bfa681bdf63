import numpy as np
import pytest

jax = pytest.importorskip("jax")
jnp = jax.numpy

from twinhop.env.core import random  # noqa: E402

ONES = 0xFFFFFFFF
KNOWN = [  # the known answers that come with Random123, threefry 2x32, 20 rounds: counter, key, result
    ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    ((ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]
KEY = np.array([0, 7], np.uint32)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter, key, expected):
    found = random.threefry(jnp.array(key, jnp.uint32), *(jnp.uint32(word) for word in counter))
    assert tuple(int(word) for word in found) == expected


def test_a_typed_key_and_its_words_are_the_same():
    assert np.array_equal(random.key_words(jax.random.key(7)), KEY)
    assert np.array_equal(random.key_words(KEY), KEY)


@pytest.mark.parametrize("key", [7, np.array([1.0, 2.0]), np.zeros(3, np.uint32)])
def test_other_keys_are_refused(key):
    with pytest.raises(TypeError, match="expected jax.random.key"):
        random.key_words(key)


def test_draws_have_the_moments_of_their_distributions():
    uniform, normal = random.uniform(KEY, "a", (200_001,)), random.normal(KEY, "b", (200_001,))
    assert 0 <= uniform.min() and uniform.max() < 1
    assert abs(float(uniform.mean()) - 0.5) < 0.003 and abs(float(uniform.var()) - 1 / 12) < 0.001
    assert abs(float(normal.mean())) < 0.01 and abs(float(normal.var()) - 1) < 0.02
    assert abs(float((normal**4).mean()) - 3) < 0.1


def test_components_keys_and_episodes_are_apart():
    words = [
        random.words(KEY, "a", (64,)),
        random.words(KEY, "b", (64,)),
        random.words(random.episode_key(KEY, 0), "a", (64,)),
        random.words(random.episode_key(KEY, 1), "a", (64,)),
        random.words(random.step_key(random.episode_key(KEY, 0), 0), "a", (64,)),
        random.words(random.step_key(random.episode_key(KEY, 0), 1), "a", (64,)),
    ]
    together = np.concatenate(words)
    assert len(np.unique(together)) == together.size


def test_draws_are_the_same_under_vmap_and_jit():
    keys = np.stack([KEY, KEY + 1])
    together = jax.jit(jax.vmap(lambda key: random.normal(key, "a", (3, 5))))(keys)
    for key, found in zip(keys, together, strict=True):
        np.testing.assert_allclose(found, random.normal(key, "a", (3, 5)), rtol=1e-6)
