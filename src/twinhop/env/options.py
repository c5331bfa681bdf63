"""What every adapter is made from: the scenario and the options of an environment."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from twinhop.env.core import Params, params_of
from twinhop.env.core.generator import DEFAULT_LATE_S, Start
from twinhop.env.core.types import RewardReading, Task
from twinhop.errors import InputError
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS
from twinhop.scenario.schema.radio_section import Fading

DEFAULT_SCENARIO = "lu2021-n100-m10"


def setting(
    task: Task,
    scenario: str | Path | Scenario = DEFAULT_SCENARIO,
    *,
    horizon: int = EPISODE_SLOTS,
    redraws: bool = False,
    reading: RewardReading | None = None,
    late_s: float = DEFAULT_LATE_S,
    fading: Fading | None = None,
    start: Start | None = None,
) -> Params:
    """The arrays and rules of an environment, from a scenario or the name or file of one.

    Args:
        task: `placement` (P1) or `migration` (P2).
        scenario: a scenario, its file, or the name of a preset.
        horizon: slots of an episode, 25 as in the paper.
        redraws: whether every reset draws new stations and users of the scenario's kind.
        reading: of the reward, `sound` or `literal`; None: as the scenario reads row 15.
        late_s: what the sound reward takes off where every update is late [s].
        fading: `none` or `rayleigh`, drawn anew in every slot; None: the scenario's. The paper's episodes fade, its
            placements do not.
        start: where in a recording an episode begins: `random`, at a slot drawn by the seed, or `first`; None: random.

    Raises:
        InputError: there is no such scenario, or the environment cannot be made of it.
    """
    if fading not in (None, *get_args(Fading)):
        raise InputError(f"fading: got {fading!r}; accepted: {', '.join(get_args(Fading))}, or None")
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    if fading is not None:
        loaded = loaded.model_copy(update={"radio": loaded.radio.model_copy(update={"fading": fading})})
    return params_of(loaded, task, horizon=horizon, redraws=redraws, reading=reading, late_s=late_s, start=start)
