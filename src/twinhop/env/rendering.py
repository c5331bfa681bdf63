"""How an adapter shows itself, by its render mode: an array, text, or a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twinhop.env.core import Params, State
from twinhop.env.picture import Moment, Picture, moment_text
from twinhop.errors import InputError
from twinhop.extras import require_extra

RENDER_MODES = ("human", "rgb_array", "ansi")
FRAMES_A_SECOND = 8
EXTRA = "human"


def check_render_mode(mode: str | None) -> None:
    """Refuse an unknown mode, and a window where nothing can open one.

    Raises:
        InputError: the mode is none, or pygame is not installed (`MissingExtra`).
    """
    if mode not in (None, *RENDER_MODES):
        raise InputError(f"render_mode: got {mode!r}; accepted: {', '.join(RENDER_MODES)}, or None")
    if mode == "human":
        require_extra(EXTRA, "render_mode: human")


class Renderer:
    """Shows the moments of one environment."""

    def __init__(self, mode: str | None, params: Params, names: Sequence[str]) -> None:
        """Show nothing yet.

        Args:
            mode: of `RENDER_MODES`, or None.
            params: of the environment.
            names: of the stations, and of a cloud that hosts.

        Raises:
            InputError: see `check_render_mode`.
        """
        check_render_mode(mode)
        self._mode, self._params, self._names = mode, params, names
        self._terms: Mapping[str, float] = {}
        self._costs: list[float] = []
        self._picture: Picture | None = None
        self._window: Any = None

    def reset(self, state: State) -> None:
        """An episode has begun."""
        self._terms, self._costs = {}, []
        if self._mode == "human":
            self._show(state)

    def step(self, state: State, terms: Mapping[str, float]) -> None:
        """A slot was decided, which cost these terms."""
        if self._mode is None:
            return
        self._terms = terms
        self._costs.append(terms["cost"])
        if self._mode == "human":
            self._show(state)

    def render(self, state: State) -> np.ndarray | str | None:
        """The moment as (H, W, 3) pixels or as text; None without a mode, and where it is on the screen already."""
        if self._mode == "rgb_array":
            return self._pixels(state)
        if self._mode == "ansi":
            return moment_text(self._params, self._names, self._moment(state))
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            import pygame

            pygame.display.quit()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy draws onto a figure, and opens a window, of its own: neither can be pickled."""
        return {**self.__dict__, "_picture": None, "_window": None}

    def _moment(self, state: State) -> Moment:
        return Moment(state, self._terms, self._costs)

    def _pixels(self, state: State) -> np.ndarray:
        if self._picture is None:
            self._picture = Picture(self._params, self._names)
        return self._picture.draw(self._moment(state))

    def _show(self, state: State) -> None:
        import pygame

        pixels = self._pixels(state)
        if self._window is None:
            pygame.display.init()
            pygame.display.set_caption("twinhop")
            self._window = (pygame.display.set_mode(pixels.shape[1::-1]), pygame.time.Clock())
        screen, clock = self._window
        screen.blit(pygame.surfarray.make_surface(pixels.swapaxes(0, 1)), (0, 0))
        pygame.event.pump()  # else the system takes the window for dead
        pygame.display.flip()
        clock.tick(FRAMES_A_SECOND)
