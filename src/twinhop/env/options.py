"""What every adapter is made from: the scenario and the options of an environment."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import jax.numpy as jnp
import numpy as np

from twinhop.env.core import Params
from twinhop.env.core.generator import DEFAULT_LATE_S, Start, host_params_of, on_device
from twinhop.env.core.recording import recorded_slots
from twinhop.env.core.types import RewardReading, Task
from twinhop.errors import InputError
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.city import from_mapping, with_counts
from twinhop.scenario.schema.movement_section import EPISODE_SLOTS
from twinhop.scenario.schema.radio_section import Fading
from twinhop.scenario.world.columns import station_columns
from twinhop.text import suggestion

DEFAULT_SCENARIO = "lu2021-n100-m10"
City = str | Path | Mapping[str, Any] | Scenario
"""The name of a preset, a scenario file, what such a file would say, or a scenario."""


def setting(task: Task, scenario: City = DEFAULT_SCENARIO, **options: Any) -> Params:
    """The arrays and rules of an environment, on JAX's device; see `host_setting`."""
    return on_device(host_setting(task, scenario, **options))


def host_setting(
    task: Task,
    scenario: City = DEFAULT_SCENARIO,
    *,
    users: int | None = None,
    stations: int | None = None,
    horizon: int = EPISODE_SLOTS,
    redraws: bool = False,
    reading: RewardReading | None = None,
    late_s: float = DEFAULT_LATE_S,
    fading: Fading | None = None,
    start: Start | None = None,
) -> Params:
    """The arrays and rules of an environment as NumPy arrays, from a scenario, without starting JAX.

    Args:
        task: `placement` (P1) or `migration` (P2).
        scenario: a scenario, its file, what the file would say as a mapping, or the name of a preset.
        users: how many, of a scenario that generates them; None: its own.
        stations: how many, likewise.
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
    loaded = city_of(scenario, users=users, stations=stations, fading=fading)
    return host_params_of(loaded, task, horizon=horizon, redraws=redraws, reading=reading, late_s=late_s, start=start)


def city_of(
    scenario: City = DEFAULT_SCENARIO,
    *,
    users: int | None = None,
    stations: int | None = None,
    fading: Fading | None = None,
) -> Scenario:
    """The scenario that an environment is made of; see `host_setting`.

    Raises:
        InputError: there is no such scenario, or it does not generate what is to be counted.
    """
    if fading not in (None, *get_args(Fading)):
        raise InputError(f"fading: got {fading!r}; accepted: {', '.join(get_args(Fading))}, or None")
    loaded = with_counts(_loaded(scenario), users, stations)
    if fading is not None:
        loaded = loaded.model_copy(update={"radio": loaded.radio.model_copy(update={"fading": fading})})
    return loaded


def check_options(options: Mapping[str, Any], own: tuple[str, ...] = ()) -> None:
    """Refuse options that are none of `host_setting`.

    Args:
        options: by name.
        own: further names that are accepted.

    Raises:
        InputError: one is unknown.
    """
    known = sorted({*inspect.signature(host_setting).parameters, *own} - {"task"} - ({"scenario"} - set(own)))
    for name in options:
        if name not in known:
            raise InputError(f"{name}: unknown option; {suggestion(name, known)}accepted: {', '.join(known)}")


def setting_of(
    task: Task, scenario: City, options: Mapping[str, Any], own: tuple[str, ...]
) -> tuple[Params, tuple[str, ...]]:
    """The same from the options that an adapter was given, and the names of the stations and of a cloud that hosts.

    Args:
        task: see `host_setting`.
        scenario: see `host_setting`.
        options: those of `host_setting`.
        own: further options that the adapter takes, for messages.

    Raises:
        InputError: an option is unknown, or see `host_setting`.
    """
    check_options(options, ("scenario", *own))
    loaded = with_counts(_loaded(scenario), options.get("users"), options.get("stations"))
    params = host_setting(
        task, loaded, **{name: value for name, value in options.items() if name not in ("users", "stations")}
    )
    names = station_columns(loaded).ids
    return params, names if loaded.cloud is None or not loaded.cloud.host else (*names, loaded.cloud.name)


def started_at(params: Params, options: Mapping[str, Any] | None) -> Params:
    """What to reset with: `options={"start": 30}` begins an episode at that slot of the recording.

    Args:
        params: of the environment.
        options: of `reset`; what is unknown is passed over, as the interfaces of environments ask for.

    Raises:
        InputError: the start is no slot from which an episode fits, or nothing is recorded.
    """
    start = (options or {}).get("start")
    if start is None:
        return params
    if params.record is None:
        raise InputError(f"options: start: got {start!r}, but nothing of the scenario is recorded; leave it out")
    last = max(recorded_slots(params.record) - 1 - int(params.horizon), 0)
    if isinstance(start, bool) or not isinstance(start, int | np.integer) or not 0 <= start <= last:
        raise InputError(f"options: start: got {start!r}; expected a slot from 0 to {last}")
    return replace(params, starts=jnp.full(2, start, jnp.int32))


def _loaded(scenario: City) -> Scenario:
    if isinstance(scenario, Scenario):
        return scenario
    if isinstance(scenario, Mapping):
        return from_mapping(scenario)
    if isinstance(scenario, str | Path):
        return load_scenario(scenario)
    raise InputError(
        f"scenario: got {type(scenario).__name__}; expected the name of a preset, a path, a mapping or a Scenario"
    )
