"""Processes that are forked: a child has no threads of its parent's, and JAX waits for those for ever."""

from __future__ import annotations

import os
import sys

from twinhop.errors import TwinhopError

_inherits_jax = False


def _note_fork() -> None:
    global _inherits_jax
    _inherits_jax = _is_jax_running()


def _is_jax_running() -> bool:
    bridge = sys.modules.get("jax._src.xla_bridge")
    is_running = getattr(bridge, "backends_are_initialized", None)
    return is_running is not None and bool(is_running())


def require_own_jax() -> None:
    """Raise an error where JAX was running already when this process was forked, rather than wait for ever."""
    if _inherits_jax:
        raise TwinhopError(
            "JAX was used before this process was forked, and does not work in it; make the environments before "
            "anything uses JAX, or let processes be spawned: vector_kwargs={'context': 'spawn'} of gymnasium.make_vec"
        )


os.register_at_fork(after_in_child=_note_fork)
