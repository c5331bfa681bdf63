"""A run in pieces that are timed without their compilation."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array

from twinhop.errors import InputError, TwinhopError
from twinhop.learn.tree_file import load_record, load_tree, save_tree

_COMPILED: dict[Any, Any] = {}


class Piece(NamedTuple):
    """How long a piece of a run took."""

    wall_s: float
    """of this process and others [s]"""
    cpu_s: float
    """of this process alone, all its threads together [s]"""


class MeasuredRun:
    """A run of an algorithm that goes on piece by piece.

    Args:
        algorithm: hashable; `start` and `advance` as in `twinhop.learn`.
        source: of training instances.
        seed: of the run.
        piece: iterations that are compiled together; longer stretches are several of them.
    """

    def __init__(self, algorithm: Any, source: Any, seed: int, piece: int) -> None:
        self._algorithm, self._source, self._piece = algorithm, source, piece
        key = jax.random.key(seed)
        self._shapes = jax.eval_shape(algorithm.start, key, source)
        self._start = lambda: jax.jit(algorithm.start)(key, source)
        self._state: Any = None

    @property
    def state(self) -> Any:
        """Where the run is."""
        if self._state is None:
            self._state = self._start()
        return self._state

    @property
    def weights(self) -> Any:
        """What a policy needs of it."""
        return self._algorithm.weights(self.state)

    def go_on(self, iterations: int) -> Piece:
        """Advance by a multiple of the piece.

        Raises:
            TwinhopError: losses are no longer finite.
        """
        advance, wall_s, cpu_s = self._compiled(), 0.0, 0.0
        state = jax.block_until_ready(self.state)
        for _ in range(iterations // self._piece):
            wall, cpu = time.perf_counter(), time.process_time()
            self._state = None  # what is donated is gone, also after Ctrl-C
            state, log = jax.block_until_ready(advance(state, self._source))
            self._state = state
            wall_s, cpu_s = wall_s + time.perf_counter() - wall, cpu_s + time.process_time() - cpu
            _check(log)
        return Piece(wall_s, cpu_s)

    def save(self, path: Path, record: dict[str, Any]) -> None:
        """Keep the run in a file."""
        save_tree(path, self.state, record)

    def load(self, path: Path) -> dict[str, Any]:
        """Go on from a file; returns what else it keeps.

        Raises:
            InputError: the file is damaged, or of another run.
        """
        try:
            self._state, record = load_tree(path, self._shapes), load_record(path)
        except InputError as error:
            raise InputError(f"{error}; delete it, and its run begins anew") from None
        return record

    def _compiled(self) -> Any:
        shapes = [(leaf.shape, leaf.dtype) for leaf in jax.tree.leaves(self._source)]
        key = (self._algorithm, self._piece, jax.tree.structure(self._source), tuple(shapes))
        if key not in _COMPILED:
            _COMPILED[key] = advance_compiled.lower(self._algorithm, self._shapes, self._source, self._piece).compile()
        return _COMPILED[key]


def _check(log: dict[str, Array]) -> None:
    for name in ("critic_loss", "actor_loss"):
        if name in log and not np.isfinite(log[name]).all():
            raise TwinhopError(
                f"training: {name} is no longer finite; what was learned before is kept where it was saved"
            )


def _go_on(algorithm: Any, state: Any, source: Any, iterations: int) -> tuple[Any, dict[str, Array]]:
    return algorithm.advance(state, source, iterations)


advance_compiled = jax.jit(_go_on, static_argnums=(0, 3), donate_argnums=1)
"""`advance` of any algorithm, the state given up to it; the algorithm and the iterations are static."""
