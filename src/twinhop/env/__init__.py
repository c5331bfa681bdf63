"""The environment for learners: a functional core in JAX, and adapters for Gymnasium and PettingZoo.

Importing it registers `twinhop/Placement-v0` and `twinhop/Migration-v0` with Gymnasium and with PettingZoo (parallel
and AEC); JAX is imported when the first environment is made.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from twinhop.extras import require_extra

require_extra("env", "twinhop.env")

import gymnasium  # noqa: E402  after what says how to install it
import pettingzoo  # noqa: E402

if TYPE_CHECKING:
    from twinhop.env.actions import ActionError as ActionError
    from twinhop.env.agents import AgentPolicy as AgentPolicy
    from twinhop.env.agents import as_policy as as_policy
    from twinhop.env.core import Observation as Observation
    from twinhop.env.core import StepInfo as StepInfo
    from twinhop.env.gymnasium_env import TwinEnv as TwinEnv
    from twinhop.env.hooks import ObservationHook as ObservationHook
    from twinhop.env.hooks import RewardHook as RewardHook
    from twinhop.env.options import setting as setting
    from twinhop.env.pettingzoo_env import TwinParallelEnv as TwinParallelEnv
    from twinhop.env.problems import action_of as action_of
    from twinhop.env.problems import problem_of as problem_of
    from twinhop.env.problems import served_users as served_users
    from twinhop.env.vector_env import TwinVectorEnv as TwinVectorEnv

#: Tasks by the ids under which Gymnasium and PettingZoo know them.
IDS = {"twinhop/Placement-v0": "placement", "twinhop/Migration-v0": "migration"}
#: Public names and where they live; imported when first used.
_HOME = {
    "ActionError": "twinhop.env.actions",
    "AgentPolicy": "twinhop.env.agents",
    "Observation": "twinhop.env.core",
    "ObservationHook": "twinhop.env.hooks",
    "RewardHook": "twinhop.env.hooks",
    "StepInfo": "twinhop.env.core",
    "TwinEnv": "twinhop.env.gymnasium_env",
    "TwinParallelEnv": "twinhop.env.pettingzoo_env",
    "TwinVectorEnv": "twinhop.env.vector_env",
    "action_of": "twinhop.env.problems",
    "as_policy": "twinhop.env.agents",
    "problem_of": "twinhop.env.problems",
    "served_users": "twinhop.env.problems",
    "setting": "twinhop.env.options",
}

for _id, _task in IDS.items():
    gymnasium.register(
        id=_id,
        entry_point="twinhop.env.gymnasium_env:TwinEnv",
        vector_entry_point="twinhop.env.vector_env:TwinVectorEnv",
        kwargs={"task": _task},
    )
    pettingzoo.register("parallel", _id, "twinhop.env.pettingzoo_env:TwinParallelEnv", kwargs={"task": _task})
    pettingzoo.register("aec", _id, "twinhop.env.pettingzoo_env:aec_env", kwargs={"task": _task})


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'twinhop.env' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
