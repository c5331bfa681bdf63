"""Twins, schemas and updates for tests."""

import numpy as np

from twinhop.twin import DeviceTwin, Dimension, TwinSchema, Update
from twinhop.twin.behaviour import BEHAVIOUR_MODELS

SCHEMA = TwinSchema(
    version=3,
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0, max_period_s=30.0),
        Dimension(name="speed", kind="scalar", unit="m/s", limits=(-5.0, 60.0)),
        Dimension(name="mode", kind="category", unit="1", categories=("walk", "drive", "stand")),
        Dimension(name="steps", kind="counter", unit="1"),
    ),
)
#: Each model of the registry, and a dimension that it can predict.
MODELS = {
    "constant_velocity": ("position", lambda: BEHAVIOUR_MODELS["constant_velocity"](2)),
    "constant_acceleration": ("position", lambda: BEHAVIOUR_MODELS["constant_acceleration"](2)),
    "reverting_velocity": ("position", lambda: BEHAVIOUR_MODELS["reverting_velocity"](2)),
    "level": ("speed", lambda: BEHAVIOUR_MODELS["level"](1)),
    "trend": ("speed", lambda: BEHAVIOUR_MODELS["trend"](1)),
    "seasonal": ("speed", lambda: BEHAVIOUR_MODELS["seasonal"](1, period_s=40.0, step_s=1.0, slots=8)),
    "markov_chain": ("mode", lambda: BEHAVIOUR_MODELS["markov_chain"](3)),
    "next_station": ("mode", lambda: BEHAVIOUR_MODELS["next_station"](3)),
}


def models(*kinds):
    """Behaviour models of these kinds by the dimensions that they predict."""
    return {MODELS[kind][0]: MODELS[kind][1]() for kind in kinds}


def make_twin(**options):
    return DeviceTwin("robot-7", SCHEMA, **options)


def update(seq, observed_s=None, incarnation=1, received_s=None, **values):
    """An update at `seq` seconds unless a time is given; without values, a position that says the seq."""
    given = values or {"position": (float(seq), -float(seq))}
    observed_s = float(seq) if observed_s is None else observed_s
    return Update(seq, observed_s, SCHEMA.vector(given), incarnation, received_s)


def trace(count, seed=0, partial=0.3):
    """Updates 1 to count of a walk with every dimension, each left out with that probability."""
    rng = np.random.default_rng(seed)
    position, made, time_s = np.zeros(2), [], 0.0
    for seq in range(1, count + 1):
        time_s += rng.uniform(0.0, 2.0)
        position = position + rng.normal(0.0, 3.0, 2)
        full = SCHEMA.vector(
            {
                "position": position,
                "speed": rng.uniform(0.0, 20.0),
                "mode": ("walk", "drive", "stand")[rng.integers(3)],
                "steps": seq,
            }
        )
        absent = (rng.random(len(SCHEMA.dimensions)) < partial)[SCHEMA.owners]
        made.append(Update(seq, time_s, np.where(absent, np.nan, full)))
    return made


def feed(twin, updates):
    """The answers of a twin to updates that arrive when they are observed."""
    return [twin.apply(each) for each in updates]
