"""The environment for PettingZoo's parallel interface: one agent a station."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.spaces import Box
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from twinhop.env import stepping
from twinhop.env.actions import ActionError, scores_of
from twinhop.env.core.types import Task
from twinhop.env.options import DEFAULT_SCENARIO, setting
from twinhop.env.picture import picture
from twinhop.env.spaces import agent_size, features, flat_size
from twinhop.env.stepping import TERMS, Episode, seed_words
from twinhop.errors import InputError
from twinhop.scenario import Scenario

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
        scenario: str | Path | Scenario = DEFAULT_SCENARIO,
        *,
        rewards: Rewards = "shared",
        render_mode: str | None = None,
        **options: Any,
    ) -> None:
        """Read the scenario.

        Args:
            task: `placement` (P1) or `migration` (P2).
            scenario: a scenario, its file, or the name of a preset.
            rewards: `shared`, Eq. 26 for every agent; or `own`, each station's part of it.
            render_mode: None or `rgb_array`.
            **options: of `setting`: `horizon`, `redraws`, `reading`, `late_s`, `fading`, `start`.

        Raises:
            InputError: the scenario or an option is none that the environment can be made of.
        """
        if rewards not in get_args(Rewards):
            raise InputError(f"rewards: got {rewards!r}; accepted: {', '.join(get_args(Rewards))}")
        if render_mode not in (None, "rgb_array"):
            raise InputError(f"render_mode: got {render_mode!r}; accepted: rgb_array, or None")
        self.params = setting(task, scenario, **options)
        self.metadata = {"name": f"twinhop_{task}_v0", "render_modes": ["rgb_array"], "is_parallelizable": True}
        self.render_mode = render_mode
        rules = self.params.rules
        self.possible_agents = [f"station_{at}" for at in range(rules.radio_stations)]
        self.possible_agents += ["cloud"] * (rules.stations - rules.radio_stations)
        self.agents: list[str] = []
        self.observation_spaces = {name: features(agent_size(self.params)) for name in self.possible_agents}
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
            options: none are known, and any are passed over, as PettingZoo's own checks ask for.

        Returns:
            What each agent sees, and infos as `step` has them, with terms of 0: TorchRL takes their shapes from here.

        Raises:
            InputError: the seed is none.
        """
        if seed is not None or self._key is None:
            self._key = seed_words(np.random.default_rng().integers(2**63) if seed is None else seed)
            self._number = 0
        else:
            self._number += 1
        obs, self._episode = stepping.reset(self._key, np.int32(self._number), self.params, "agents")
        self.agents = list(self.possible_agents)
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
        result, self._episode = stepping.step(self._episode, self._joined(actions), self.params, "agents", "scores")
        scalars, over = np.asarray(result.scalars).tolist(), bool(result.truncated)
        own = np.asarray(result.station_reward).tolist() if self._rewards == "own" else [scalars[0]] * len(self.agents)
        obs, infos = self._by_agent(result.obs), self._infos(scalars[1:])
        rewards = dict(zip(self.possible_agents, own, strict=True))
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

    def render(self) -> NDArray[np.uint8] | None:
        """The moment as a picture (H, W, 3), or None without a render mode."""
        if self.render_mode is None or self._episode is None:
            return None
        return picture(self.params, self._episode.state)

    def _joined(self, actions: dict[str, Any]) -> NDArray[np.float32]:
        if not isinstance(actions, dict):
            raise ActionError(f"actions: got {type(actions).__name__}; expected a dictionary, an action for each agent")
        if set(actions) != set(self.agents):
            wrong = sorted(set(actions) ^ set(self.agents), key=str)[0]
            raise ActionError(f"actions: agent {wrong!r} is missing or unknown; expected one for each of agents")
        length = (self.params.rules.users + 1,)
        return np.stack([scores_of(actions[name], length, f"{name}: action") for name in self.agents])

    def _by_agent(self, obs: Any) -> dict[str, NDArray[np.float32]]:
        self._state, everybody = np.array(obs[0]), np.array(obs[1])
        return dict(zip(self.possible_agents, everybody, strict=True))

    def _infos(self, terms: list[float]) -> dict[str, dict[str, Any]]:
        shared = dict(zip(TERMS, terms, strict=True))
        return {name: shared | {"may_host": bool(may)} for name, may in zip(self.agents, self._mask(), strict=True)}

    def _mask(self) -> NDArray[np.bool_]:
        assert self._episode is not None
        return stepping.may_host(self._episode.state)
