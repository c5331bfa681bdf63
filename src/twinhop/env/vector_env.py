"""Many environments stepped in one compiled call, for Gymnasium's vector interface."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from twinhop.env.actions import Actions, check_actions, checked_action
from twinhop.env.core.generator import on_device
from twinhop.env.core.types import Task
from twinhop.env.gymnasium_env import OWN_OPTIONS, CentralView, check_view, with_horizon
from twinhop.env.hooks import ObservationHook, RewardHook, check_finite, check_reward
from twinhop.env.options import DEFAULT_SCENARIO, City, setting_of, started_at
from twinhop.env.spaces import action_space, observation_space
from twinhop.env.stepping import TERMS, Episode, may_host, reset_all, seed_words, step_all, where_tree
from twinhop.errors import InputError


class TwinVectorEnv(VectorEnv):
    """A batch of environments with seeds of their own; `gymnasium.make_vec` finds it by the ids of `TwinEnv`.

    Environment i of `reset(seed=s)` is the one of `TwinEnv.reset(seed=s + i)`, slot for slot. An environment whose
    horizon is reached begins its next episode in the same step: its last observation is in `info["final_obs"]`; or, by
    `autoreset_mode`, in the next step, whatever its action, with a reward of 0; or when `reset` is told to.
    Observations are not copied, and cannot be written to.
    """

    metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}

    def __init__(
        self,
        task: Task,
        num_envs: int = 1,
        scenario: City = DEFAULT_SCENARIO,
        *,
        observation: CentralView | ObservationHook = "graph",
        actions: Actions = "scores",
        reward: RewardHook | None = None,
        render_mode: None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
        max_episode_steps: int | None = None,
        **options: Any,
    ) -> None:
        """Read the scenario; see `TwinEnv`.

        Args:
            task: `placement` (P1) or `migration` (P2).
            num_envs: at least 1.
            scenario: a scenario, its file, what the file would say, or the name of a preset.
            observation: `graph`, `flat`, or a function of the state, mapped over the batch.
            actions: `scores` or `hosts`.
            reward: a function in place of the reward, mapped over the batch.
            render_mode: batches are not drawn.
            autoreset_mode: Gymnasium's, or its value: `SameStep`, `NextStep` or `Disabled`.
            max_episode_steps: what Gymnasium calls the horizon; of two the shorter one holds.
            **options: of `setting`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        check_actions(actions)
        if isinstance(num_envs, bool) or not isinstance(num_envs, int) or num_envs < 1:
            raise InputError(f"num_envs: got {num_envs!r}; expected a whole number >= 1")
        check_view(observation)
        if render_mode is not None:
            raise InputError(f"render_mode: got {render_mode!r}; a batch is not drawn: expected None")
        self.num_envs = num_envs
        self._mode = _autoreset_mode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self._mode}
        if max_episode_steps is not None:
            options["horizon"] = _shorter(max_episode_steps, options.get("horizon"))
        own = (*OWN_OPTIONS, "num_envs", "autoreset_mode", "max_episode_steps")
        params, _ = setting_of(task, scenario, options, own)
        self.params = on_device(params)
        if reward is not None:
            check_reward(reward, self.params)
        self.single_observation_space = observation_space(self.params, observation)
        self.single_action_space = action_space(self.params, actions)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._view: CentralView | ObservationHook = observation
        self._reward = reward
        self._actions: Actions = actions
        self._keys: NDArray[np.uint32] | None = None
        self._numbers: NDArray[np.int32] = np.zeros(num_envs, np.int32)
        self._obs: Any = None
        self._episodes: Episode | None = None
        self._over: NDArray[np.bool_] = np.zeros(num_envs, bool)
        self._spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """What Gymnasium registers, with the horizon as `max_episode_steps`."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._spec = with_horizon(spec, int(self.params.horizon))

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin episodes 0 of new seeds, or the next episodes.

        Args:
            seed: of environment 0, environment i having `seed + i`; or one for each; None: the next episodes, of random
                seeds where none were ever given.
            options: `reset_mask`, (num_envs,) bool: only these begin anew; `start`, the slot of the recording at which
                they do. What is unknown is passed over.

        Returns:
            The observations, and the action masks.

        Raises:
            InputError: seeds or options do not fit.
        """
        mask, params = self._reset_mask(options), started_at(self.params, options)
        self._set_keys(seed, mask)
        self._over = self._over & ~mask
        new = reset_all(self._keys, self._numbers, params, self._view)
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
            the terms of the cost, (num_envs,) each, and where episodes ended and began in this step `final_obs`, their
            last observations, and `final_info`. As in all batches of Gymnasium, `_name` says for which environments
            `name` holds.

        Raises:
            ActionError: the actions are none of the space.
            ResetNeeded: there are no episodes, or one is over that does not begin anew by itself.
        """
        if self._episodes is None:
            raise ResetNeeded("no episode has begun; call reset() before step()")
        if self._mode is AutoresetMode.DISABLED and self._over.any():
            which = ", ".join(map(str, np.flatnonzero(self._over)[:8]))
            raise ResetNeeded(f'episodes {which} are over; call reset(options={{"reset_mask": ...}}) before step()')
        arrays = checked_action(actions, self._actions, self.params.rules, self.num_envs)
        result, self._episodes = step_all(self._episodes, arrays, self.params, self._view, self._actions, self._reward)
        self._obs = result.obs
        scalars, over = np.asarray(result.scalars), np.asarray(result.truncated)
        info: dict[str, Any] = {name: scalars[:, 1 + at] for at, name in enumerate(TERMS)}
        info |= {"host": np.asarray(result.host), "action_mask": self._mask()}
        rewards, begun = scalars[:, 0], self._over
        if self._mode is AutoresetMode.SAME_STEP and over.any():
            info = self._end_and_begin(info, over)
        elif self._mode is AutoresetMode.NEXT_STEP and begun.any():
            self._begin_next(begun)
            rewards, over = np.where(begun, np.float32(0), rewards), over & ~begun
            masks = {f"_{name}": ~begun for name in info} | {"_action_mask": np.ones(self.num_envs, bool)}
            info = info | {"action_mask": self._mask()} | masks
        else:
            info = self._with_masks(info)
        if self._reward is not None:
            check_finite("reward", self._reward, rewards)
        self._over = over if self._mode is not AutoresetMode.SAME_STEP else np.zeros(self.num_envs, bool)
        return self._as_numpy(self._obs), rewards, np.zeros(self.num_envs, bool), over, info

    def _end_and_begin(self, info: dict[str, Any], over: NDArray[np.bool_]) -> dict[str, Any]:
        """Begin the next episodes of environments that are over; the infos of the step and of their ends."""
        last = self._as_numpy(self._obs)
        final = np.full(self.num_envs, None, object)
        for at in np.flatnonzero(over):
            final[at] = {name: each[at] for name, each in last.items()} if isinstance(last, dict) else last[at]
        self._begin_next(over)
        masked = self._with_masks(info | {"action_mask": self._mask()})
        ends = {name: value for key, value in info.items() for name, value in ((key, value), ("_" + key, over))}
        return masked | {"final_obs": final, "_final_obs": over, "final_info": ends, "_final_info": over}

    def _begin_next(self, which: NDArray[np.bool_]) -> None:
        self._numbers = self._numbers + which
        new = reset_all(self._keys, self._numbers, self.params, self._view)
        self._obs, self._episodes = new if which.all() else where_tree(which, new, (self._obs, self._episodes))

    def _with_masks(self, info: dict[str, Any]) -> dict[str, Any]:
        """Infos that hold for all environments, with the masks that say so."""
        return info | {f"_{name}": np.ones(self.num_envs, bool) for name in info}

    def _reset_mask(self, options: dict[str, Any] | None) -> NDArray[np.bool_]:
        mask = np.ones(self.num_envs, bool)
        if "reset_mask" in (options or {}):
            mask = np.asarray((options or {})["reset_mask"])
            if mask.shape != (self.num_envs,) or mask.dtype != bool or not mask.any():
                raise InputError(
                    f"options: reset_mask: got {mask.dtype} of shape {mask.shape}; expected {self.num_envs} booleans, "
                    "at least one of them true"
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
        if callable(self._view):
            check_finite("observation", self._view, obs)
        if callable(self._view) or self._view == "flat":
            return np.asarray(obs)
        return {name: np.asarray(value) for name, value in obs._asdict().items()}


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError:
        accepted = ", ".join(each.value for each in AutoresetMode)
        raise InputError(f"autoreset_mode: got {mode!r}; accepted: {accepted}, or Gymnasium's AutoresetMode") from None


def _shorter(steps: Any, horizon: Any) -> Any:
    """The lesser of two horizons; what is none is left for `setting` to refuse."""
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError(f"max_episode_steps: got {steps!r}; expected a whole number of slots from 1, or None")
    return min(steps, horizon) if type(horizon) is int else steps if horizon is None else horizon
