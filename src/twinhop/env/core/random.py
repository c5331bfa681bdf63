"""Random numbers from a key and the name of what draws them: changing one component leaves the draws of the others."""

from __future__ import annotations

import math
from zlib import crc32

import jax
import jax.numpy as jnp
from jax import Array

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
KEY_PARITY = 0x1BD11BDA
GROUPS = 5  # of four rounds each: Threefry-2x32-20


def key_words(key: Array) -> Array:
    """The two words of a key.

    Args:
        key: a key of `jax.random.key`, or the two words of one.

    Returns:
        (2,) uint32.

    Raises:
        TypeError: it is neither.

    Example:
        >>> key_words(jax.random.key(7)).tolist()
        [0, 7]
    """
    key = jnp.asarray(key)
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        key = jax.random.key_data(key)
    if key.shape[-1:] != (2,) or key.dtype != jnp.uint32:
        raise TypeError(f"key: expected jax.random.key(seed), of two words; got {key.dtype} of shape {key.shape}")
    return key


def threefry(key: Array, first: Array, second: Array) -> tuple[Array, Array]:
    """Encrypt counters: 64 random bits for each, the same on every device and under `vmap`.

    JAX's own primitive gives the same words; on CPUs it runs its rounds in a loop, and a step of the environment takes
    4 to 16 % longer with it.

    Args:
        key: (2,) uint32.
        first: any shape, uint32, the counters' first words.
        second: the same shape, the second words.

    Returns:
        Two words of that shape.

    Source:
        Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011: Threefry-2x32-20.

    Example:
        >>> words = threefry(jnp.zeros(2, jnp.uint32), jnp.uint32(0), jnp.uint32(0))
        >>> [hex(int(word)) for word in words]
        ['0x6b200159', '0x99ba4efe']
    """
    keys = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(KEY_PARITY))
    x, y = first + keys[0], second + keys[1]
    for group in range(GROUPS):
        for turn in ROTATIONS[group % 2]:
            x = x + y
            y = ((y << turn) | (y >> (32 - turn))) ^ x
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return x, y


def derived(key: Array, first: int | Array, second: int | Array = 0) -> Array:
    """A key that follows from another and two numbers.

    Args:
        key: (2,) uint32.
        first: the first number, from 0 to 2^32 - 1.
        second: the second number.

    Returns:
        (2,) uint32.
    """
    return jnp.stack(threefry(key, jnp.asarray(first, jnp.uint32), jnp.asarray(second, jnp.uint32)))


def words(key: Array, name: str, shape: tuple[int, ...]) -> Array:
    """Random words of one component.

    Args:
        key: (2,) uint32.
        name: of the component, such as `mobility`.
        shape: of the result.

    Returns:
        uint32 of that shape; the same for the same key, name and number of words.
    """
    count = math.prod(shape)
    counter = jnp.arange(-(-count // 2), dtype=jnp.uint32)
    both = threefry(derived(key, crc32(name.encode())), counter, jnp.zeros_like(counter))
    return jnp.concatenate(both)[:count].reshape(shape)


def uniform(key: Array, name: str, shape: tuple[int, ...]) -> Array:
    """Draws that are uniform in [0, 1), on a grid of 2^-24.

    Args:
        key: (2,) uint32.
        name: of the component.
        shape: of the result.

    Returns:
        Floats of that shape, the same in 32 and in 64 bits.
    """
    return (words(key, name, shape) >> 8).astype(float) * 2.0**-24


def normal(key: Array, name: str, shape: tuple[int, ...]) -> Array:
    """Standard normal draws, by the inverse distribution function of 2^23 equal parts of [0, 1].

    Args:
        key: (2,) uint32.
        name: of the component.
        shape: of the result.

    Returns:
        Floats of that shape, at most 5.3 in size.
    """
    centre = ((words(key, name, shape) >> 9).astype(float) + 0.5) * 2.0**-22 - 1.0
    return math.sqrt(2.0) * jax.lax.erf_inv(centre)


def episode_key(key: Array, episode: int | Array) -> Array:
    """The key of an episode: what `reset` takes for episode 0, 1, ... of a seed, in every adapter.

    Args:
        key: `jax.random.key(seed)`, or the two words of one.
        episode: from 0.

    Returns:
        (2,) uint32.
    """
    return derived(key_words(key), episode, crc32(b"episode"))


def step_key(key: Array, slot_index: int | Array) -> Array:
    """The key of a step: what `step` takes in slot 0, 1, ... of an episode, in every adapter.

    Args:
        key: of the episode.
        slot_index: from 0.

    Returns:
        (2,) uint32.
    """
    return derived(key_words(key), slot_index, crc32(b"step"))
