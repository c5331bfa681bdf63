"""Reading 25, literal: stations, CPU and channels drawn anew as time goes."""

from __future__ import annotations

from dataclasses import replace
from zlib import crc32

import numpy as np

from twinhop import streams
from twinhop.scenario.fields import LARGEST_SEED
from twinhop.scenario.schema.scenario import Scenario
from twinhop.scenario.world.world import World, build_world


def epoch_world(scenario: Scenario, first: World, epoch: int) -> World:
    """The world of an epoch: what a root seed of its own gives, with the users of the first epoch.

    Stations that are listed stay where they are, and only what they do not state is drawn anew.

    Args:
        scenario: whose stations and radio are drawn.
        first: the world of epoch 0, whose users stay.
        epoch: from 0.
    """
    if epoch == 0:
        return first
    world = build_world(scenario.with_seed(epoch_seed(scenario.seed, epoch)))
    return replace(
        first,
        station_xy_m=world.station_xy_m,
        host=world.host,
        cpu_cycles_per_s=world.cpu_cycles_per_s,
        capacity=world.capacity,
        opening_s=world.opening_s,
        rent_per_month=world.rent_per_month,
        los_wave_uniform=world.los_wave_uniform,
        los_weight_normal=world.los_weight_normal,
        shadowing_wave_uniform=world.shadowing_wave_uniform,
        shadowing_weight_normal=world.shadowing_weight_normal,
        graph=world.graph,
    )


def epoch_seed(root_seed: int, epoch: int) -> int:
    """The root seed of an epoch: a sub-stream of the scenario's.

    >>> epoch_seed(0, 1) != epoch_seed(0, 2)
    True
    """
    key = (crc32(streams.EPOCHS.encode()), epoch)
    words = np.random.SeedSequence([root_seed], spawn_key=key).generate_state(1, np.uint64)
    return int(words[0]) & LARGEST_SEED
