"""The environment as pure functions: `params_of` a scenario, then `reset` and `step`, which jit and vmap."""

from twinhop.env.core.environment import reset, step
from twinhop.env.core.generator import params_of
from twinhop.env.core.random import episode_key, step_key
from twinhop.env.core.types import Action, Observation, Params, State, StepInfo

__all__ = [
    "Action",
    "Observation",
    "Params",
    "State",
    "StepInfo",
    "episode_key",
    "params_of",
    "reset",
    "step",
    "step_key",
]
