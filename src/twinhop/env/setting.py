"""What every adapter is made from: the scenario and the options of an environment."""

from __future__ import annotations

from pathlib import Path

from twinhop.env.core import Params, params_of
from twinhop.env.core.generator import DEFAULT_LATE_S
from twinhop.env.core.types import RewardReading, Task
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.movement_section import EPISODE_SLOTS

DEFAULT_SCENARIO = "lu2021-n100-m10"


def setting(
    task: Task,
    scenario: str | Path | Scenario = DEFAULT_SCENARIO,
    *,
    horizon: int = EPISODE_SLOTS,
    redraws: bool = False,
    reading: RewardReading | None = None,
    late_s: float = DEFAULT_LATE_S,
) -> Params:
    """The arrays and rules of an environment, from a scenario or the name or file of one; see `params_of`.

    Raises:
        InputError: there is no such scenario, or the environment cannot be made of it.
    """
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    return params_of(loaded, task, horizon=horizon, redraws=redraws, reading=reading, late_s=late_s)
