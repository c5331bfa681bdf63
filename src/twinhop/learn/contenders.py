"""The two ways of learning that are set side by side: as the paper has it printed, and one that learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
#: From weights, environment and what is seen in one slot to the hosts (N,) of all twins.
Decide = Callable[[Any, Params, Any], NDArray[np.int64]]


@dataclass(frozen=True)
class Contender:
    """An algorithm, what it trains on, and how its weights decide.

    Attributes:
        algorithm: `start`, `advance` and `weights`; hashable.
        source: what it trains on.
        act: decides by the rule that all policies share.
        decoders: further ways of decoding the same weights, by name.
        configuration: its constants, plain values.
    """

    algorithm: Any
    source: Any
    act: Act
    decoders: dict[str, Decide]
    configuration: dict[str, Any]


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


def structured(params: Params, iterations: int, constants: Mapping[str, Any] | None = None, **source: Any) -> Contender:
    """MADDPG over the graph of users and stations.

    Args:
        params: of the environment.
        iterations: of the whole run.
        constants: fields of `StructuredConfig`; None: its defaults.
        **source: fields of `EnvironmentSource`; 16 environments where they are not given.
    """
    from twinhop.learn.sources import EnvironmentSource
    from twinhop.learn.structured import StructuredConfig, StructuredMaddpg

    config = StructuredConfig.model_validate({**(constants or {}), "iterations": iterations})
    lived = {"environments": ENVIRONMENTS, **source}
    return Contender(
        algorithm=StructuredMaddpg(config),
        source=EnvironmentSource(params, **lived),
        act=_structured_act,
        decoders={"structured, calibrated": _calibrated, "structured, 10 moves": _polished},
        configuration={**config.model_dump(), **lived},
    )


def _structured_act(weights: Any, params: Params, seen: Observation) -> Action:
    from twinhop.learn.instance import instance_of_observation
    from twinhop.learn.structured.features import features

    decision = weights(features(instance_of_observation(params.rules.cost, seen)))
    return Action(decision.opening, decision.score)


def _calibrated(weights: Any, params: Params, seen: Observation) -> NDArray[np.int64]:
    return _decided(weights, params, seen, 0)


def _polished(weights: Any, params: Params, seen: Observation) -> NDArray[np.int64]:
    return _decided(weights, params, seen, LOCAL_MOVES)


def _decided(weights: Any, params: Params, seen: Observation, moves: int) -> NDArray[np.int64]:
    from twinhop.learn.decoding import decide
    from twinhop.learn.instance import instance_of_observation

    instance = jax.tree.map(np.asarray, instance_of_observation(params.rules.cost, seen))
    return np.asarray(decide(weights, instance, "calibrated", moves), np.int64)


def literal(params: Params, iterations: int, constants: Mapping[str, Any] | None = None) -> Contender:
    """Algorithm 1 as printed, with the constants of Table II where no others are given."""
    from twinhop.learn.literal import Literal, LiteralConfig

    config = LiteralConfig.model_validate(constants or {})
    return Contender(
        algorithm=Literal(config),
        source=params,
        act=_literal_act,
        decoders={},
        configuration={**config.model_dump(mode="json"), "iterations": iterations},
    )


def _literal_act(weights: Any, params: Params, seen: Observation) -> Action:
    from twinhop.env.core.view import flat_state
    from twinhop.learn.literal import action_of
    from twinhop.learn.maddpg import actions

    return action_of(actions(weights, flat_state(params, seen)[None])[:, 0])
