"""The ways of learning that are set side by side: as printed, as a practitioner runs it, and over the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
OUTPUT_PENALTY = 1e-3
"""Weight of the mean square of outputs before tanh, as in the reference implementation of MADDPG."""
LOCAL_MOVES = 10
"""Best local moves after decoding, where they are counted at all."""
#: From what is prepared of one slot to the hosts (N,) of all twins.
Decide = Callable[[Any], NDArray[np.int64]]


@dataclass(frozen=True)
class ActingPolicy:
    """A policy by the decoding rule that all share; what it sees depends on what it did before.

    Attributes:
        act: of weights, environment and observation.
    """

    act: Act


@dataclass(frozen=True)
class DecidingPolicy:
    """A policy that decides slot by slot, whatever was before, decoded in several ways.

    Attributes:
        prepared: makes of an environment and the observation of a slot what decisions are made from.
        decider: makes of weights what decides by the way of decoding that counts.
        decoders: makes of weights all ways of decoding them, by name.
    """

    prepared: Callable[[Params, Any], Any]
    decider: Callable[[Any], Decide]
    decoders: Callable[[Any], dict[str, Decide]]


@dataclass(frozen=True)
class Learner:
    """An algorithm, what it trains on, and how its weights decide.

    Attributes:
        algorithm: `start`, `advance` and `weights`; hashable.
        source: what it trains on.
        policy: how it decides.
        configuration: its constants, plain values.
        record: what manifests of its checkpoints say besides.
    """

    algorithm: Any
    source: Any
    policy: ActingPolicy | DecidingPolicy
    configuration: dict[str, Any]
    record: Mapping[str, Any] = field(default_factory=dict)

    def weights_like(self) -> Any:
        """The shapes of the weights that the algorithm learns."""
        shapes = jax.eval_shape(self.algorithm.start, jax.random.key(0), self.source)
        return self.algorithm.weights(shapes)


#: Makers of learners, from an environment and the iterations of the whole run.
LEARNERS = {
    "literal": "twinhop.learn.learners:literal",
    "literal-penalty": "twinhop.learn.learners:literal_with_penalty",
    "flat": "twinhop.learn.learners:flat",
    "structured": "twinhop.learn.learners:structured",
    "primal_dual": "twinhop.learn.learners:primal_dual",
}


def make_learner(name: str, params: Params, iterations: int) -> Learner:
    """A learner by name.

    Args:
        name: of `LEARNERS`.
        params: of the environment that it is trained in.
        iterations: of the whole run.
    """
    module, function = LEARNERS[name].split(":")
    return getattr(import_module(module), function)(params, iterations)


def structured(params: Params, iterations: int, constants: Mapping[str, Any] | None = None, **source: Any) -> Learner:
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
    settings = {"environments": ENVIRONMENTS, **source}
    return Learner(
        algorithm=StructuredMaddpg(config),
        source=EnvironmentSource(params, **settings),
        policy=DecidingPolicy(_prepared, _structured_decider, _structured_decoders),
        configuration={**config.model_dump(), **settings},
    )


def _structured_decider(weights: Any) -> Decide:
    from twinhop.inference import Decider

    return Decider(weights)


def _structured_decoders(weights: Any) -> dict[str, Decide]:
    from twinhop.inference import Decider

    decide = Decider(weights)
    return {
        "structured": decide,
        "structured, highest score": partial(decide, decode="argmax"),
        f"structured, {LOCAL_MOVES} moves": partial(decide, local_moves=LOCAL_MOVES),
    }


def primal_dual(params: Params, iterations: int, constants: Mapping[str, Any] | None = None) -> Learner:
    """A network that gives prices; it draws what it learns from, and the environment only judges it.

    Args:
        params: of the environment.
        iterations: of the whole run.
        constants: fields of `PrimalDualConfig`; None: its defaults.
    """
    from twinhop.inference.price_sizes import PRICE_FEATURES_VERSION
    from twinhop.inference.primal_dual import FEATURES
    from twinhop.learn.primal_dual import PrimalDual, PrimalDualConfig

    config = PrimalDualConfig.model_validate({**(constants or {}), "iterations": iterations})
    return Learner(
        algorithm=PrimalDual(config),
        source=params,
        policy=DecidingPolicy(_problem, _priced_decider, lambda weights: {"primal_dual": _priced_decider(weights)}),
        configuration=config.model_dump(),
        record={FEATURES: PRICE_FEATURES_VERSION},
    )


def _problem(params: Params, obs: Observation) -> Any:
    from twinhop.env.problems import problem_of

    return problem_of(params, obs)


def _priced_decider(weights: Any) -> Decide:
    from twinhop.inference.price_weights import PARTS, blocks_of
    from twinhop.inference.primal_dual import decoded_hosts

    layers = {part: getattr(weights.blocks, part) for part in PARTS}
    arrays = {
        f".blocks.{part}.{name}": np.asarray(getattr(layer, name))
        for part, layer in layers.items()
        for name in ("weight", "bias")
    }
    network = blocks_of(arrays, "weights")
    return lambda problem: decoded_hosts(network, problem)


def _prepared(params: Params, obs: Observation) -> Any:
    from twinhop.learn.instance import instance_of_observation

    return jax.tree.map(np.asarray, instance_of_observation(params.rules.cost, obs))


def literal(params: Params, iterations: int, constants: Mapping[str, Any] | None = None) -> Learner:
    """Algorithm 1 as printed, with the constants of Table II where no others are given."""
    from twinhop.learn.literal import Literal, LiteralConfig

    config = LiteralConfig.model_validate(constants or {})
    return Learner(
        algorithm=Literal(config),
        source=params,
        policy=ActingPolicy(_literal_act),
        configuration={**config.model_dump(mode="json"), "iterations": iterations},
    )


def literal_with_penalty(params: Params, iterations: int) -> Learner:
    """Algorithm 1 as printed but for the penalty on outputs before tanh that openai/maddpg has, constant at 1e-3."""
    return literal(params, iterations, {"output_penalty": OUTPUT_PENALTY})


def flat(params: Params, iterations: int, constants: Mapping[str, Any] | None = None) -> Learner:
    """The same networks and the same decoding, with what keeps MADDPG stable."""
    from twinhop.learn.literal import FlatConfig

    return literal(params, iterations, FlatConfig.model_validate(constants or {}).model_dump())


def _literal_act(weights: Any, params: Params, obs: Observation) -> Action:
    from twinhop.env.core.view import flat_state
    from twinhop.learn.literal import action_of
    from twinhop.learn.maddpg import actions

    return action_of(actions(weights, flat_state(params, obs)[None])[:, 0])
