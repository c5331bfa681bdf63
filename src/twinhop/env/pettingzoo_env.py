"""The environment for PettingZoo's parallel interface: one agent a station."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box
from numpy.typing import NDArray
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils.conversions import parallel_to_aec

from twinhop.env import stepping
from twinhop.env.actions import ActionError, scores_of
from twinhop.env.core.generator import on_device
from twinhop.env.core.types import Task
from twinhop.env.hooks import ObservationHook, RewardHook, check_finite, check_observation, check_reward
from twinhop.env.options import DEFAULT_SCENARIO, City, setting_of, started_at
from twinhop.env.rendering import FRAMES_A_SECOND, RENDER_MODES, Renderer, check_render_mode
from twinhop.env.spaces import agent_size, features, flat_size, numbers
from twinhop.env.stepping import TERMS, Episode, View, seed_words
from twinhop.errors import InputError

Rewards = Literal["shared", "own"]


class TwinParallelEnv(ParallelEnv):
    """Place or migrate twins, each station deciding for itself: whether it opens, and how much it wants each user.

    A cloud that may host is one agent more, `cloud`, the last.

    An agent sees its station, its links to all users and the users; `state()` is the flat state of Eq. 22, for
    centralised critics. The same seed gives the same episodes as `TwinEnv`.

    >>> env = TwinParallelEnv("placement", "lu2021-n80-m5")
    >>> obs, infos = env.reset(seed=3)
    >>> env.agents, obs["station_0"].shape, env.state().shape
    (['station_0', 'station_1', 'station_2', 'station_3', 'station_4'], (806,), (1295,))
    """

    def __init__(
        self,
        task: Task = "placement",
        scenario: City = DEFAULT_SCENARIO,
        *,
        rewards: Rewards = "shared",
        observation: ObservationHook | None = None,
        reward: RewardHook | None = None,
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """Read the scenario.

        Args:
            task: `placement` (P1) or `migration` (P2).
            scenario: a scenario, its file, what the file would say, or the name of a preset.
            rewards: `shared`, Eq. 26 for every agent; or `own`, each station's part of it.
            observation: a function of the state that gives a row for each agent, see `hooks.ObservationHook`.
            reward: a function in place of the reward, a scalar where rewards are shared, (M,) where they are own.
            render_mode: see `TwinEnv`.
            **options: of `setting`: `users`, `stations`, `horizon`, `redraws`, `reading`, `late_s`, `fading`, `start`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        if rewards not in get_args(Rewards):
            raise InputError(f"rewards: got {rewards!r}; accepted: {', '.join(get_args(Rewards))}")
        check_render_mode(render_mode)
        self.params, names = setting_of(task, scenario, options, ("rewards", "observation", "reward", "render_mode"))
        self.metadata = {
            "name": f"twinhop_{task}_v0",
            "render_modes": list(RENDER_MODES),
            "render_fps": FRAMES_A_SECOND,
            "is_parallelizable": True,
        }
        self._renderer = Renderer(render_mode, self.params, names)
        self.render_mode = render_mode
        rules = self.params.rules
        self.possible_agents = [f"station_{at}" for at in range(rules.radio_stations)]
        self.possible_agents += ["cloud"] * (rules.stations - rules.radio_stations)
        self.agents: list[str] = []
        own = features(agent_size(self.params))
        if reward is not None:
            check_reward(reward, self.params, (rules.stations,) if rewards == "own" else ())
        if observation is not None:
            own = numbers(check_observation(observation, self.params, rules.stations)[1:])
        self._observation, self._reward = observation, reward
        self._view: View = "agents" if observation is None else ("agents", observation)
        self.observation_spaces = dict.fromkeys(self.possible_agents, own)
        self.action_spaces = {
            name: Box(-1.0, 1.0, (self.params.rules.users + 1,), np.float32) for name in self.possible_agents
        }
        self.state_space = features(flat_size(self.params))
        self._rewards: Rewards = rewards
        self._key: NDArray[np.uint32] | None = None
        self._number = 0
        self._episode: Episode | None = None
        self._state: NDArray[np.float32] | None = None

    def observation_space(self, agent: str) -> Any:
        """The space of what an agent sees."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """The space of an agent's actions: its opening, and a score for each user."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin episode 0 of a seed, or the next episode; see `TwinEnv.reset`.

        Args:
            seed: None: the next episode; of a random seed where none was ever given.
            options: `start`, the slot of the recording to begin at; what is unknown is passed over.

        Returns:
            What each agent sees, and infos as `step` has them, with terms of 0: TorchRL takes their shapes from here.

        Raises:
            InputError: the start is no slot of the recording, or the seed is none.
        """
        self.params = on_device(self.params)
        params = started_at(self.params, options)
        if seed is not None or self._key is None:
            self._key = seed_words(np.random.default_rng().integers(2**63) if seed is None else seed)
            self._number = 0
        else:
            self._number += 1
        obs, episode = stepping.reset(self._key, np.int32(self._number), params, self._view)
        self.agents = list(self.possible_agents)
        self._episode = episode
        self._renderer.reset(episode.state)
        return self._by_agent(obs), self._infos([0.0] * len(TERMS))

    def step(self, actions: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Decide one slot.

        Args:
            actions: one for each agent.

        Returns:
            Observations, rewards, terminations, truncations and infos by agent; every info has the terms of the cost,
            and `may_host`, the action mask: whether the agent's station may host twins.

        Raises:
            ActionError: an agent is missing or unknown, or an action is none of its space.
            ResetNeeded: there is no episode, or it is over.
        """
        if not self.agents or self._episode is None:
            what = "no episode has begun" if self._episode is None else "the episode is over"
            raise ResetNeeded(f"{what}; call reset() before step()")
        joined = self._joined(actions)
        result, episode = stepping.step(self._episode, joined, self.params, self._view, "scores", self._reward)
        self._episode = episode
        scalars, over = np.asarray(result.scalars).tolist(), bool(result.truncated)
        if self._reward is not None:
            check_finite("reward", self._reward, result.station_reward if self._rewards == "own" else scalars[0])
        own = np.asarray(result.station_reward).tolist() if self._rewards == "own" else [scalars[0]] * len(self.agents)
        obs, infos = self._by_agent(result.obs), self._infos(scalars[1:])
        rewards = dict(zip(self.possible_agents, own, strict=True))
        self._renderer.step(episode.state, dict(zip(TERMS, scalars[1:], strict=True)))
        terminated = dict.fromkeys(self.possible_agents, False)
        truncated = dict.fromkeys(self.possible_agents, over)
        if over:
            self.agents = []
        return obs, rewards, terminated, truncated, infos

    def state(self) -> NDArray[np.float32]:
        """The flat state of Eq. 22, of the last reset or step.

        Raises:
            ResetNeeded: there is no episode.
        """
        if self._state is None:
            raise ResetNeeded("no episode has begun; call reset() before state()")
        return self._state

    def render(self) -> Any:
        """The moment, see `TwinEnv.render`."""
        return None if self._episode is None else self._renderer.render(self._episode.state)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._renderer.close()

    def _joined(self, actions: dict[str, Any]) -> NDArray[np.float32]:
        if not isinstance(actions, dict):
            raise ActionError(f"actions: got {type(actions).__name__}; expected a dictionary, an action for each agent")
        if set(actions) != set(self.agents):
            wrong = sorted(set(actions) ^ set(self.agents), key=str)[0]
            raise ActionError(f"actions: agent {wrong!r} is missing or unknown; expected one for each of agents")
        length = (self.params.rules.users + 1,)
        return np.stack([scores_of(actions[name], length, f"{name}: action") for name in self.agents])

    def _by_agent(self, obs: Any) -> dict[str, NDArray[np.float32]]:
        if self._observation is not None:
            check_finite("observation", self._observation, obs[1])
        self._state, everybody = np.array(obs[0]), np.array(obs[1])
        return dict(zip(self.possible_agents, everybody, strict=True))

    def _infos(self, terms: list[float]) -> dict[str, dict[str, Any]]:
        shared = dict(zip(TERMS, terms, strict=True))
        return {name: shared | {"may_host": bool(may)} for name, may in zip(self.agents, self._mask(), strict=True)}

    def _mask(self) -> NDArray[np.bool_]:
        assert self._episode is not None
        return stepping.may_host(self._episode.state)


def aec_env(task: Task = "placement", **options: Any) -> AECEnv:
    """The same environment for PettingZoo's turns: agents act one after the other, and all acts hold together.

    Args:
        task: `placement` (P1) or `migration` (P2).
        **options: of `TwinParallelEnv`.

    Raises:
        InputError: see `TwinParallelEnv`.
    """
    return parallel_to_aec(TwinParallelEnv(task, **options))
