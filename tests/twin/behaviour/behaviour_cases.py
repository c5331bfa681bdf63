"""One of every behaviour model, and values that it can learn from."""

import numpy as np

from twinhop.twin.behaviour import BEHAVIOUR_MODELS, RowModel

CATEGORIES = 5


def made(kind):
    """A fresh model of a kind."""
    model = BEHAVIOUR_MODELS[kind]
    if issubclass(model, RowModel):
        own = {"slots": 6, "step_s": 1.0, "period_s": 12.0} if kind == "seasonal" else {}
        return model(2, **own)
    return model(CATEGORIES)


def values(kind, seed, count):
    """Times and values of a dimension that the model is for, some at the same time."""
    generator = np.random.default_rng(seed)
    times_s = np.cumsum(generator.choice([0.0, 0.5, 1.0, 7.25], count))
    if issubclass(BEHAVIOUR_MODELS[kind], RowModel):
        return times_s, np.cumsum(generator.standard_normal((count, 2)), axis=0)
    return times_s, generator.integers(0, CATEGORIES, (count, 1)).astype(np.float64)


def same(first, second):
    """Whether two dictionaries of arrays, or two predictions, are equal bit for bit."""
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        first, second = first.values(), second.values()
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))
