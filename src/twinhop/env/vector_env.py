"""Many environments stepped in one compiled call, for Gymnasium's vector interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from twinhop.env.actions import Actions, check_actions, checked_action
from twinhop.env.core.types import Task
from twinhop.env.gymnasium_env import CentralView
from twinhop.env.options import DEFAULT_SCENARIO, setting
from twinhop.env.spaces import action_space, observation_space
from twinhop.env.stepping import TERMS, Episode, may_host, reset_all, seed_words, step_all, where_tree
from twinhop.errors import InputError
from twinhop.scenario import Scenario


class TwinVectorEnv(VectorEnv):
    """A batch of environments with seeds of their own; `gymnasium.make_vec` finds it by the ids of `TwinEnv`.

    Environment i of `reset(seed=s)` is the one of `TwinEnv.reset(seed=s + i)`, slot for slot. An environment whose
    horizon is reached begins its next episode in the same step: its last observation is in `info["final_obs"]`.
    Observations are not copied, and cannot be written to.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        task: Task,
        num_envs: int = 1,
        scenario: str | Path | Scenario = DEFAULT_SCENARIO,
        *,
        observation: CentralView = "graph",
        actions: Actions = "scores",
        render_mode: None = None,
        **options: Any,
    ) -> None:
        """Read the scenario; see `TwinEnv`.

        Args:
            task: `placement` (P1) or `migration` (P2).
            num_envs: at least 1.
            scenario: a scenario, its file, or the name of a preset.
            observation: `graph` or `flat`.
            actions: `scores` or `hosts`.
            render_mode: batches are not drawn.
            **options: of `setting`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        check_actions(actions)
        if isinstance(num_envs, bool) or not isinstance(num_envs, int) or num_envs < 1:
            raise InputError(f"num_envs: got {num_envs!r}; expected a whole number >= 1")
        if observation not in ("graph", "flat"):
            raise InputError(f"observation: got {observation!r}; accepted: graph, flat")
        if render_mode is not None:
            raise InputError(f"render_mode: got {render_mode!r}; a batch is not drawn: expected None")
        self.num_envs = num_envs
        self.params = setting(task, scenario, **options)
        self.single_observation_space = observation_space(self.params, observation)
        self.single_action_space = action_space(self.params, actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._view: CentralView = observation
        self._actions: Actions = actions
        self._keys: NDArray[np.uint32] | None = None
        self._numbers: NDArray[np.int32] = np.zeros(num_envs, np.int32)
        self._obs: Any = None
        self._episodes: Episode | None = None

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes 0 of new seeds, or the next episodes.

        Args:
            seed: of environment 0, environment i having `seed + i`; or one for each; None: the next episodes, of random
                seeds where none were ever given.
            options: `reset_mask`, (num_envs,) bool: only these begin anew. Nothing else is known.

        Returns:
            The observations, and the action masks.

        Raises:
            InputError: seeds or options do not fit.
        """
        mask = self._reset_mask(options)
        self._set_keys(seed, mask)
        new = reset_all(self._keys, self._numbers, self.params, self._view)
        self._obs, self._episodes = new if mask.all() else where_tree(mask, new, (self._obs, self._episodes))
        return self._as_numpy(self._obs), self._with_masks({"action_mask": self._mask()})

    def step(
        self, actions: Any
    ) -> tuple[Any, NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """Decide one slot of every environment.

        Args:
            actions: (num_envs, ...) of the action space.

        Returns:
            The observations to act on next, the rewards, nobody's termination, whose horizon is reached, and infos:
            the terms of the cost, (num_envs,) each, and where episodes ended `final_obs`, their last observations,
            and `final_info`. As in all batches of Gymnasium, `_name` says for which environments `name` holds.

        Raises:
            ActionError: the actions are none of the space.
            ResetNeeded: there are no episodes.
        """
        if self._episodes is None:
            raise ResetNeeded("no episode has begun; call reset() before step()")
        arrays = checked_action(actions, self._actions, self.params.rules, self.num_envs)
        result, self._episodes = step_all(self._episodes, arrays, self.params, self._view, self._actions)
        self._obs = result.obs
        scalars, over = np.asarray(result.scalars), np.asarray(result.truncated)
        info: dict[str, Any] = {name: scalars[:, 1 + at] for at, name in enumerate(TERMS)}
        info |= {"host": np.asarray(result.host), "action_mask": self._mask()}
        info = self._with_masks(info) if not over.any() else self._begin_next(info, over)
        return self._as_numpy(self._obs), scalars[:, 0], np.zeros(self.num_envs, bool), over, info

    def _begin_next(self, info: dict[str, Any], over: NDArray[np.bool_]) -> dict[str, Any]:
        """Begin the next episodes of environments that are over; the infos of the step and of their ends."""
        last = self._as_numpy(self._obs)
        final = np.full(self.num_envs, None, object)
        for at in np.flatnonzero(over):
            final[at] = {name: each[at] for name, each in last.items()} if isinstance(last, dict) else last[at]
        self._numbers = self._numbers + over
        new = reset_all(self._keys, self._numbers, self.params, self._view)
        self._obs, self._episodes = new if over.all() else where_tree(over, new, (self._obs, self._episodes))
        masked = self._with_masks(info | {"action_mask": self._mask()})
        ends = {name: value for key, value in info.items() for name, value in ((key, value), ("_" + key, over))}
        return masked | {"final_obs": final, "_final_obs": over, "final_info": ends, "_final_info": over}

    def _with_masks(self, info: dict[str, Any]) -> dict[str, Any]:
        """Infos that hold for all environments, with the masks that say so."""
        return info | {f"_{name}": np.ones(self.num_envs, bool) for name in info}

    def _reset_mask(self, options: dict[str, Any] | None) -> NDArray[np.bool_]:
        mask = np.ones(self.num_envs, bool)
        for name, value in (options or {}).items():
            mask = np.asarray(value)
            if name != "reset_mask" or mask.shape != (self.num_envs,) or mask.dtype != bool or not mask.any():
                raise InputError(
                    f"options: got {name}; accepted: reset_mask, {self.num_envs} booleans, at least one of them true"
                )
        if not mask.all() and self._episodes is None:
            raise InputError("options: reset_mask: no episode has begun yet; reset all environments first")
        return mask

    def _set_keys(self, seed: int | Sequence[int | None] | None, mask: NDArray[np.bool_]) -> None:
        """Keys and episode numbers of those that begin anew."""
        words = self._words(seed)
        if self._keys is None:
            self._keys = np.stack([seed_words(root) for root in self.np_random.integers(2**63, size=self.num_envs)])
            self._numbers = np.full(self.num_envs, -1, np.int32)
        self._numbers = self._numbers + mask
        for at in np.flatnonzero(mask):
            key = words[at]
            if key is not None:
                self._keys[at], self._numbers[at] = key, 0

    def _words(self, seed: Any) -> list[NDArray[np.uint32] | None]:
        """What `seed_words` makes of the seed of each environment; None where none is given."""
        if not isinstance(seed, Sequence | np.ndarray):
            if seed is None:
                return [None] * self.num_envs
            seed_words(seed)  # refuses what is no whole number
            return [seed_words(int(seed) + at) for at in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise InputError(f"seed: got {len(seed)} seeds; expected {self.num_envs}, one for each environment")
        return [None if root is None else seed_words(root) for root in seed]

    def _mask(self) -> NDArray[np.bool_]:
        """(num_envs, M) which stations may host."""
        assert self._episodes is not None
        return may_host(self._episodes.state)

    def _as_numpy(self, obs: Any) -> Any:
        if self._view == "flat":
            return np.asarray(obs)
        return {name: np.asarray(value) for name, value in obs._asdict().items()}
