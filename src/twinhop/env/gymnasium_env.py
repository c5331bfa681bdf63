"""The environment for Gymnasium: one central agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from twinhop.env import stepping
from twinhop.env.actions import Actions, check_actions, checked_action
from twinhop.env.core.types import Task
from twinhop.env.options import DEFAULT_SCENARIO, setting
from twinhop.env.picture import picture
from twinhop.env.spaces import action_space, observation_space
from twinhop.env.stepping import TERMS, Episode, seed_words
from twinhop.errors import InputError
from twinhop.scenario import Scenario

CentralView = Literal["graph", "flat"]
FRAMES_A_SECOND = 8


class TwinEnv(gymnasium.Env):
    """Place or migrate twins, one action a slot for all stations.

    Ids: `twinhop/Placement-v0` and `twinhop/Migration-v0`. Episodes of a seed differ: `reset(seed=s)` begins episode 0
    of s, and each further `reset()` the next one. The same seed gives the same episodes in every adapter.

    >>> env = TwinEnv("placement", "lu2021-n80-m5", observation="flat")
    >>> obs, info = env.reset(seed=3)
    >>> obs.shape, bool(info["action_mask"].all())
    ((1295,), True)
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": FRAMES_A_SECOND}

    def __init__(
        self,
        task: Task,
        scenario: str | Path | Scenario = DEFAULT_SCENARIO,
        *,
        observation: CentralView = "graph",
        actions: Actions = "scores",
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """Read the scenario.

        Args:
            task: `placement` (P1) or `migration` (P2).
            scenario: a scenario, its file, or the name of a preset.
            observation: `graph`, a dictionary of users, stations and edges; or `flat`, the vector of Eq. 22.
            actions: `scores`, Eq. 23; or `hosts`, a station for every user.
            render_mode: None or `rgb_array`.
            **options: of `setting`: `horizon`, `redraws`, `reading`, `late_s`, `fading`, `start`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        check_actions(actions)
        if observation not in ("graph", "flat"):
            raise InputError(f"observation: got {observation!r}; accepted: graph, flat")
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise InputError(f"render_mode: got {render_mode!r}; accepted: rgb_array, or None")
        self.params = setting(task, scenario, **options)
        self.observation_space = observation_space(self.params, observation)
        self.action_space = action_space(self.params, actions)
        self.render_mode = render_mode
        self._view: CentralView = observation
        self._actions: Actions = actions
        self._key: NDArray[np.uint32] | None = None
        self._number = 0
        self._episode: Episode | None = None
        self._is_over = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin episode 0 of a seed, or the next episode.

        Args:
            seed: None: the next episode; of a random seed where none was ever given.
            options: none are known.

        Returns:
            The observation, and the action mask.

        Raises:
            InputError: options were given, or the seed is none.
        """
        if options:
            raise InputError(f"options: got {', '.join(map(str, options))}; reset takes none")
        key = None if seed is None else seed_words(seed)
        super().reset(seed=None if seed is None else int(seed))
        if key is None and self._key is None:
            key = seed_words(self.np_random.integers(2**63))
        if key is not None:
            self._key, self._number = key, 0
        else:
            self._number += 1
        obs, self._episode = stepping.reset(self._key, np.int32(self._number), self.params, self._view)
        self._is_over = False
        return self._as_numpy(obs), {"action_mask": self._mask()}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Decide one slot.

        Args:
            action: of the action space.

        Returns:
            The next observation, the reward, False, whether the horizon is reached, and the terms of the cost.

        Raises:
            ActionError: the action is none of the space.
            ResetNeeded: there is no episode, or it is over.
        """
        if self._episode is None or self._is_over:
            what = "the episode is over" if self._is_over else "no episode has begun"
            raise ResetNeeded(f"{what}; call reset() before step()")
        array = checked_action(action, self._actions, self.params.rules)
        result, self._episode = stepping.step(self._episode, array, self.params, self._view, self._actions)
        scalars = np.asarray(result.scalars).tolist()
        self._is_over = bool(result.truncated)
        info = dict(zip(TERMS, scalars[1:], strict=True))
        info |= {"host": np.asarray(result.host), "action_mask": self._mask()}
        return self._as_numpy(result.obs), scalars[0], False, self._is_over, info

    def action_masks(self) -> NDArray[np.bool_]:
        """Which stations may host, once for each user: the mask that MaskablePPO asks for, with `actions="hosts"`."""
        return np.tile(self._mask(), self.params.rules.users)

    def render(self) -> NDArray[np.uint8] | None:
        """The moment as a picture (H, W, 3), or None without a render mode."""
        if self.render_mode is None or self._episode is None:
            return None
        return picture(self.params, self._episode.state)

    def _mask(self) -> NDArray[np.bool_]:
        assert self._episode is not None
        return stepping.may_host(self._episode.state)

    def _as_numpy(self, obs: Any) -> Any:
        if self._view == "flat":
            return np.array(obs)
        return {name: np.array(value) for name, value in obs._asdict().items()}
