"""Where played devices are, sample by sample: users of a scenario, of a mobility model, or of a recording."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.replay.records import recorded_paths
from twinhop.replay.tracks import model_positions
from twinhop.scenario import Scenario, load_scenario
from twinhop.scenario.mobility import MOBILITY_MODELS, GaussMarkov, ModelPositions, Positions
from twinhop.scenario.schema.scenario import scenario_file
from twinhop.scenario.world.world import build_world

#: Devices of a mobility model where no number is given.
USUAL_DEVICES = 20
SCENARIO_SUFFIXES = (".yaml", ".yml")
#: Samples of a recording that are handed out at once.
RECORDS_AT_ONCE = 10_000


class Frame(NamedTuple):
    """Samples, in the order of their times.

    Attributes:
        time_s: (K,) since the beginning [s].
        device: (K,) whose they are.
        xy_m: (K, 2) where it is [m].
    """

    time_s: NDArray[np.float64]
    device: NDArray[np.intp]
    xy_m: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PlayedSource:
    """Devices that move.

    Attributes:
        name: of the source.
        ids: of the devices.
        positions: of a model; None: of a recording.
        records: those of a recording.
        notes: what had to be assumed.
    """

    name: str
    ids: tuple[str, ...]
    positions: Positions | None = None
    records: Frame | None = None
    notes: tuple[str, ...] = ()

    def frames(self) -> Iterator[Frame]:
        """Samples in the order of their times; without end where a model moves the devices.

        Devices of a model are sampled one after the other, spread over the time between two samples.
        """
        if self.records is not None:
            for at in range(0, len(self.records.time_s), RECORDS_AT_ONCE):
                part, (time_s, device, xy_m) = slice(at, at + RECORDS_AT_ONCE), self.records
                yield Frame(time_s[part], device[part], xy_m[part])
            return
        assert self.positions is not None
        device = np.arange(len(self.ids))
        spread_s = device / len(self.ids) * self.positions.slot_s
        for slot, xy_m in enumerate(self.positions):
            yield Frame(slot * self.positions.slot_s + spread_s, device, xy_m)


def played_source(
    source: str, devices: int | None, sample_s: float, seconds: float | None, seed: int | None
) -> PlayedSource:
    """The devices of a source.

    Args:
        source: name of a preset or a mobility model, a scenario file, or a recording of any format that is read.
        devices: how many; users of a scenario are taken again from the first on where they are fewer; None: as many
            as there are.
        sample_s: time between two samples of a device, of a model [s].
        seconds: how much of a recording is read; None: all [s].
        seed: of the movement; None: the scenario's, or 0.

    Raises:
        InputError: there is no such source, or it is not usable.
    """
    if not 0 < sample_s < math.inf:
        raise InputError(f"--sample-s: must be greater than 0 and finite (got {sample_s:g})")
    if source in MOBILITY_MODELS:
        model = MOBILITY_MODELS[source].model_validate({"kind": source})
        positions = model_positions(model, devices or USUAL_DEVICES, sample_s, seed or 0)
        return PlayedSource(source, tuple(positions.user_ids), positions)
    path = Path(source)
    if path.is_file() and path.suffix.lower() not in SCENARIO_SUFFIXES:
        return _recorded(path, devices, seconds)
    scenario = load_scenario(source, seed)
    movement = scenario.movement
    if movement is not None and movement.trace is not None:
        return _recorded(scenario_file(scenario, movement.trace.file, "movement.trace.file"), devices, seconds)
    return _of_scenario(scenario, devices, sample_s)


def _of_scenario(scenario: Scenario, devices: int | None, sample_s: float) -> PlayedSource:
    world, movement = build_world(scenario), scenario.movement
    count = len(world.user_ids) if devices is None else devices
    if not count:
        raise InputError(f"{scenario.where}: users: there is none to be played; give --devices and a mobility model")
    model = GaussMarkov(kind="gauss_markov") if movement is None else movement.mobility
    notes = () if movement is not None else (f"{scenario.name} has no movement: users move by gauss_markov",)
    again = np.arange(count) % len(world.user_ids)
    rounds = np.arange(count) // len(world.user_ids)
    ids = tuple(
        world.user_ids[at] + (f"-{turn + 1}" if turn else "") for at, turn in zip(again.tolist(), rounds, strict=True)
    )
    if len(set(ids)) < count:
        raise InputError(f"{scenario.where}: users: ids are taken twice when users are played again as `ID-2`")
    xy_m, area = world.user_xy_m[again], scenario.area
    if ((xy_m < 0) | (xy_m > (area.width_m, area.height_m))).any():
        raise InputError(f"{scenario.where}: users: one is outside the area, in which users move; enlarge the area")
    positions = ModelPositions(model, xy_m, area, sample_s, scenario.seed, ids)
    return PlayedSource(scenario.name, ids, positions, notes=notes)


def _recorded(path: Path, devices: int | None, seconds: float | None) -> PlayedSource:
    paths, notes = recorded_paths(path, devices or 2**31, math.inf if seconds is None else seconds)
    rows = [Frame(time_s, np.full(len(time_s), device), xy_m) for device, (time_s, xy_m) in enumerate(paths.values())]
    joined = Frame(*(np.concatenate(parts) for parts in zip(*rows, strict=True)))
    order = np.argsort(joined.time_s, kind="stable")
    begun = Frame(joined.time_s[order] - joined.time_s.min(), joined.device[order], joined.xy_m[order])
    return PlayedSource(path.name, tuple(paths), records=begun, notes=notes)
