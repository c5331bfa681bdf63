"""The environment for Gymnasium: one central agent."""

from __future__ import annotations

import copy
from typing import Any, Literal

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from numpy.typing import ArrayLike, NDArray

from twinhop.env import stepping
from twinhop.env.actions import Actions, check_actions, checked_action
from twinhop.env.core.generator import on_device
from twinhop.env.core.types import Observation, Task
from twinhop.env.hooks import ObservationHook, RewardHook, check_finite, check_reward
from twinhop.env.options import DEFAULT_SCENARIO, City, setting_of, started_at
from twinhop.env.problems import action_of, problem_of
from twinhop.env.rendering import FRAMES_A_SECOND, RENDER_MODES, Renderer, check_render_mode
from twinhop.env.spaces import action_space, observation_space
from twinhop.env.stepping import TERMS, Episode, seed_words
from twinhop.errors import InputError
from twinhop.placement.problem import PlacementProblem

CentralView = Literal["graph", "flat"]
OWN_OPTIONS = ("observation", "actions", "reward", "render_mode")


def check_view(observation: Any) -> None:
    """Refuse what is no view of a central agent.

    Raises:
        InputError: it is neither a view's name nor a function.
    """
    if observation not in ("graph", "flat") and not callable(observation):
        raise InputError(f"observation: got {observation!r}; accepted: graph, flat, or a function of the state")


def with_horizon(spec: EnvSpec | None, horizon: int) -> EnvSpec | None:
    """A copy of the specification whose `max_episode_steps` is the horizon."""
    spec = copy.copy(spec)
    if spec is not None:
        spec.max_episode_steps = horizon
    return spec


class TwinEnv(gymnasium.Env):
    """Place or migrate twins, one action a slot for all stations.

    Ids: `twinhop/Placement-v0` and `twinhop/Migration-v0`. Episodes of a seed differ: `reset(seed=s)` begins episode 0
    of s, and each further `reset()` the next one. The same seed gives the same episodes in every adapter.

    >>> env = TwinEnv("placement", "lu2021-n80-m5", observation="flat")
    >>> obs, info = env.reset(seed=3)
    >>> obs.shape, bool(info["action_mask"].all())
    ((1295,), True)
    """

    metadata = {"render_modes": list(RENDER_MODES), "render_fps": FRAMES_A_SECOND}

    def __init__(
        self,
        task: Task,
        scenario: City = DEFAULT_SCENARIO,
        *,
        observation: CentralView | ObservationHook = "graph",
        actions: Actions = "scores",
        reward: RewardHook | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """Read the scenario.

        Args:
            task: `placement` (P1) or `migration` (P2).
            scenario: a scenario, its file, what the file would say, or the name of a preset.
            observation: `graph`, a dictionary of users, stations and edges; `flat`, the vector of Eq. 22; or a function
                of the state, see `hooks.ObservationHook`.
            actions: `scores`, Eq. 23; or `hosts`, a station for every user.
            reward: a function in place of the reward, see `hooks.RewardHook`.
            render_mode: None; `rgb_array`, a picture; `human`, the picture in a window; or `ansi`, text.
            **options: of `setting`: `users`, `stations`, `horizon`, `redraws`, `reading`, `late_s`, `fading`, `start`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        check_actions(actions)
        check_view(observation)
        check_render_mode(render_mode)
        self.made_of: tuple[Task, City, dict[str, Any]] = (task, scenario, dict(options))
        """Task, scenario and options of `setting`, for whatever makes the same worlds."""
        self.params, names = setting_of(task, scenario, options, OWN_OPTIONS)
        self._renderer = Renderer(render_mode, self.params, names)
        if reward is not None:
            check_reward(reward, self.params)
        self.observation_space = observation_space(self.params, observation)
        self.action_space = action_space(self.params, actions)
        self.render_mode = render_mode
        self._view: CentralView | ObservationHook = observation
        self._reward = reward
        self._actions: Actions = actions
        self._key: NDArray[np.uint32] | None = None
        self._number = 0
        self._episode: Episode | None = None
        self._is_over = False
        self._spec: EnvSpec | None = None

    @property
    def spec(self) -> EnvSpec | None:
        """What Gymnasium registers, with the horizon as `max_episode_steps`."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:  # pyright: ignore[reportIncompatibleVariableOverride]
        self._spec = with_horizon(spec, int(self.params.horizon))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin episode 0 of a seed, or the next episode.

        Args:
            seed: None: the next episode; of a random seed where none was ever given.
            options: `start`, the slot of the recording to begin at; what is unknown is passed over.

        Returns:
            The observation, and the action mask.

        Raises:
            InputError: the start is no slot of the recording, or the seed is none.
        """
        self.params = on_device(self.params)
        params = started_at(self.params, options)
        key = None if seed is None else seed_words(seed)
        super().reset(seed=None if seed is None else int(seed))
        if key is None and self._key is None:
            key = seed_words(self.np_random.integers(2**63))
        if key is not None:
            self._key, self._number = key, 0
        else:
            self._number += 1
        obs, episode = stepping.reset(self._key, np.int32(self._number), params, self._view)
        self._episode, self._is_over = episode, False
        self._renderer.reset(episode.state)
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
        result, episode = stepping.step(self._episode, array, self.params, self._view, self._actions, self._reward)
        self._episode = episode
        scalars = np.asarray(result.scalars).tolist()
        self._is_over = bool(result.truncated)
        if self._reward is not None:
            check_finite("reward", self._reward, scalars[0])
        info = dict(zip(TERMS, scalars[1:], strict=True))
        self._renderer.step(episode.state, info)
        info |= {"host": np.asarray(result.host), "action_mask": self._mask()}
        return self._as_numpy(result.obs), scalars[0], False, self._is_over, info

    def action_masks(self) -> NDArray[np.bool_]:
        """Which stations may host, once for each user: the mask that MaskablePPO asks for, with `actions="hosts"`."""
        return np.tile(self._mask(), self.params.rules.users)

    @property
    def view(self) -> CentralView | ObservationHook:
        """What agents see, as the option `observation` says."""
        return self._view

    @property
    def actions(self) -> Actions:
        """What agents give, as the option `actions` says."""
        return self._actions

    def problem(self) -> PlacementProblem:
        """The slot that is observed as a placement problem, see `problem_of`; in migration without moves.

        Raises:
            ResetNeeded: no episode has begun.
            InputError: nobody is served in the slot.
        """
        return problem_of(self.params, self._observed(), self._running().state.topology)

    def action_of(self, host: ArrayLike) -> NDArray[Any]:
        """The action that puts the users of `problem()` on these hosts, (n,) indices of stations.

        Raises:
            ResetNeeded: no episode has begun.
            InputError: these are no hosts of the slot's users.
        """
        return action_of(self.params, self._observed(), host, self._actions)

    def _observed(self) -> Observation:
        return stepping.observed(self.params, self._running().state)

    def _running(self) -> Episode:
        if self._episode is None:
            raise ResetNeeded("no episode has begun; call reset() first")
        return self._episode

    def render(self) -> Any:
        """The moment: a picture (H, W, 3), or text; None without a mode, and of a window, which shows it already."""
        return None if self._episode is None else self._renderer.render(self._episode.state)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _mask(self) -> NDArray[np.bool_]:
        assert self._episode is not None
        return stepping.may_host(self._episode.state)

    def _as_numpy(self, obs: Any) -> Any:
        if callable(self._view):
            check_finite("observation", self._view, obs)
        if callable(self._view) or self._view == "flat":
            return np.array(obs)
        return {name: np.array(value) for name, value in obs._asdict().items()}
