"""One root seed, one independent random stream for each named component of a world."""

from __future__ import annotations

from zlib import crc32

import numpy as np

STATION_POSITIONS = "topology.stations"
STATION_HOSTS = "topology.hosts"
LANDSCAPE = "topology.landscape"
USER_POSITIONS = "topology.users"
USER_CLASSES = "users.classes"
USER_ACTIVITY = "users.activity"
FADING = "channel.fading"
LINE_OF_SIGHT = "channel.los"
SHADOWING = "channel.shadowing"
SIZES = "sizes."
CONSTRUCTION_DEADLINES = "sizes.construction_deadline"
LOAD_FACTORS = "robustness.load"
LOAD_SAMPLES = "plan.load"
MOBILITY = "mobility"
PRESENCE = "mobility.presence"
ROUGHNESS = "channel.roughness"
SLOT_FADING = "movement.fading"
CPU = "movement.cpu"
FAILURES = "movement.failures"
EPOCHS = "movement.epochs"


def stream(root_seed: int, name: str) -> np.random.Generator:
    """The generator of one named component: the same for the same seed and name, whatever else is drawn.

    Args:
        root_seed: the scenario's seed, >= 0.
        name: the component, such as `topology.stations`, `sizes.history_mbit` or `channel.fading`.

    Returns:
        A fresh generator at the start of that component's stream.

    Raises:
        ValueError: if the seed is negative.

    >>> bool(stream(7, "topology.users").random() == stream(7, "topology.users").random())
    True
    >>> bool(stream(7, "topology.users").random() == stream(7, "topology.stations").random())
    False
    """
    return np.random.default_rng(np.random.SeedSequence([root_seed], spawn_key=(crc32(name.encode()),)))
