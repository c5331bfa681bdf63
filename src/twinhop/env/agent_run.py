"""An agent in an episode of the environment: what it decides slot by slot, and how long that takes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.env import stepping
from twinhop.env.agent_view import as_arrays
from twinhop.env.agents import AgentPolicy, agent_names
from twinhop.env.core.types import Params
from twinhop.errors import InputError
from twinhop.failures import PolicyFailed, failed_by
from twinhop.processes import deciding


@dataclass(frozen=True, eq=False)
class AgentRun:
    """What an agent did in an episode of T slots.

    Attributes:
        host: (T, N) where twins are in each slot.
        cost: (T,) as the environment reports it [s].
        repaired: users who got another station than asked for because theirs was full, in all slots.
        decision_s: (T,) how long the agent took [s].
    """

    host: NDArray[np.int64]
    cost: NDArray[np.float64]
    repaired: int
    decision_s: NDArray[np.float64]


def run_agent(agent: AgentPolicy, params: Params, seed: int) -> AgentRun:
    """Let an agent decide in the first episode of a seed.

    Args:
        agent: it begins anew.
        params: of the environment, on JAX's device.
        seed: of the episode, as `env.reset` takes it.

    Raises:
        PolicyFailed: the agent raises, or what it gives is no action; it has the slot.
    """
    rules, view = params.rules, agent.view
    names = agent_names(params)
    agent.begin()
    obs, episode = stepping.reset(stepping.seed_words(seed), np.int32(0), params, view)  # pyright: ignore
    hosts, costs, seconds, repaired, over = [], [], [], 0, False
    while not over:
        seen = _shown(obs, view, names)
        may_host = stepping.may_host(episode.state)
        start_s = time.perf_counter()
        try:
            with deciding(len(hosts)):
                action, kind = agent.act(seen, may_host, rules.users)
        except InputError as error:
            failure = failed_by(agent.name, error).failure
            raise PolicyFailed(agent.name, failure.message, slot=len(hosts)) from error
        seconds.append(time.perf_counter() - start_s)
        result, episode = stepping.step(episode, action, params, view, kind)  # pyright: ignore
        terms = dict(zip(stepping.TERMS, np.asarray(result.scalars)[1:].tolist(), strict=True))
        hosts.append(np.asarray(result.host, np.int64))
        costs.append(terms["cost"])
        repaired += int(terms["repaired"])
        obs, over = result.obs, bool(result.truncated)
    return AgentRun(np.stack(hosts), np.array(costs), repaired, np.array(seconds))


def _shown(obs: Any, view: Any, names: list[str]) -> Any:
    """The observation as the adapters give it."""
    return dict(zip(names, np.array(obs[1]), strict=True)) if view == "agents" else as_arrays(obs)
