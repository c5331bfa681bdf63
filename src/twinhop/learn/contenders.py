"""The two ways of learning that are set side by side: as the paper has it printed, and one that learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from twinhop.env.core import Action, Observation, Params
from twinhop.learn.episodes import Act

ENVIRONMENTS = 16
"""Side by side, in which the structured learner lives."""
LOCAL_MOVES = 10
"""Best local moves after decoding, where they are counted at all."""
#: From what is prepared of one slot to the hosts (N,) of all twins.
Decide = Callable[[Any], NDArray[np.int64]]


def _no_decoders(weights: Any) -> dict[str, Decide]:
    return {}


def _as_it_is(params: Params, seen: Observation) -> Any:
    return seen


@dataclass(frozen=True)
class Contender:
    """An algorithm, what it trains on, and how its weights decide.

    Attributes:
        algorithm: `start`, `advance` and `weights`; hashable.
        source: what it trains on.
        act: decides by the rule that all policies share.
        configuration: its constants, plain values.
        decoders: makes of weights further ways of decoding them, by name.
        prepared: makes of an environment and what is seen in a slot what those take.
    """

    algorithm: Any
    source: Any
    act: Act
    configuration: dict[str, Any]
    decoders: Callable[[Any], dict[str, Decide]] = _no_decoders
    prepared: Callable[[Params, Any], Any] = _as_it_is


#: Makers of contenders, from an environment and the iterations of the whole run.
CONTENDERS = {
    "literal": "twinhop.learn.contenders:literal",
    "structured": "twinhop.learn.contenders:structured",
}


def contender(name: str, params: Params, iterations: int) -> Contender:
    """A contender by name.

    Args:
        name: of `CONTENDERS`.
        params: of the environment that it is trained in.
        iterations: of the whole run.
    """
    module, function = CONTENDERS[name].split(":")
    return getattr(import_module(module), function)(params, iterations)


def structured(params: Params, iterations: int) -> Contender:
    """MADDPG over the graph of users and stations, in 16 environments of the same topology."""
    from twinhop.learn.sources import EnvironmentSource
    from twinhop.learn.structured import StructuredConfig, StructuredMaddpg

    config = StructuredConfig(iterations=iterations)
    return Contender(
        algorithm=StructuredMaddpg(config),
        source=EnvironmentSource(params, ENVIRONMENTS),
        act=_structured_act,
        decoders=_structured_decoders,
        prepared=_prepared,
        configuration={**config.model_dump(), "environments": ENVIRONMENTS},
    )


def _structured_act(weights: Any, params: Params, seen: Observation) -> Action:
    from twinhop.learn.instance import instance_of_observation
    from twinhop.learn.structured.features import features

    decision = weights(features(instance_of_observation(params.rules.cost, seen)))
    return Action(decision.opening, decision.score)


def _structured_decoders(weights: Any) -> dict[str, Decide]:
    from twinhop.learn.decoding.decide import Decider

    decide = Decider(weights)
    return {
        "structured, calibrated": decide,
        f"structured, {LOCAL_MOVES} moves": partial(decide, polish=LOCAL_MOVES),
    }


def _prepared(params: Params, seen: Observation) -> Any:
    from twinhop.learn.instance import instance_of_observation

    return jax.tree.map(np.asarray, instance_of_observation(params.rules.cost, seen))


def literal(params: Params, iterations: int) -> Contender:
    """Algorithm 1 as printed, with the constants of Table II."""
    from twinhop.learn.literal import Literal, LiteralConfig

    config = LiteralConfig.model_validate({})
    return Contender(
        algorithm=Literal(config),
        source=params,
        act=_literal_act,
        configuration={**config.model_dump(mode="json"), "iterations": iterations},
    )


def _literal_act(weights: Any, params: Params, seen: Observation) -> Action:
    from twinhop.env.core.view import flat_state
    from twinhop.learn.literal import action_of
    from twinhop.learn.maddpg import actions

    return action_of(actions(weights, flat_state(params, seen)[None])[:, 0])
