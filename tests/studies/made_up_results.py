"""Results out of thin air, to put claims and figures to the test."""

import numpy as np

from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import PAPER
from twinhop.studies.lu2021.solving import TIME_SOLVER
from twinhop.studies.lu2021.unit import SOLVERS, Unit

POINTS = 11


def terms(latency, opening=0.25, energy=0.1):
    """Terms of a file, of one mean latency or one a slot."""
    latency = np.asarray(latency, float)
    return {
        "communication": (0.4 * latency).tolist(),
        "computing": (0.6 * latency).tolist(),
        "opening": np.full(latency.shape, opening).tolist(),
        "energy": np.full(latency.shape, energy).tolist(),
    }


def policy(latency, ms=1.0):
    return {"slots": terms(np.full(25, latency)), "decision_ms": ms}


def training(kind, setting, seed, *, before, after, seconds, policies=()):
    """A finished run whose latency falls in a line, and what its weights come to."""
    unit = Unit(kind, setting, seed, 500, 50, 4)
    share = np.minimum(1.0, np.linspace(0.0, 1.25, POINTS))
    times = np.linspace(0.0, seconds, POINTS).tolist()
    return {
        "unit": unit.identity(),
        "iteration": list(range(0, 501, 50)),
        "terms": terms(before + share * (after - before)),
        "policies": {kind: policy(after, 0.5), **{name: policy(value, 0.7) for name, value in policies}},
        "times": {"cpu_s": times, "wall_s": times},
    }


def solvers(setting, seed, **latency):
    """What baselines and solver come to, with bounds a little below the solver."""
    bound = latency["lagrangian"] - 0.01
    return {
        "unit": Unit(SOLVERS, setting, seed, 0, 0, 4).identity(),
        "policies": {name: policy(value) for name, value in latency.items()},
        "time_bound": [bound] * 25,
        "cost_bound": [bound + 0.35] * 25,
    }


def results(latency, seconds, *, seeds=3, kind="structured", others=None, before=2.0, settings=PAPER):
    """Results of one algorithm: `latency` and `seconds` by setting; of the other policies 0.495 to 1.1."""
    fixed = {"nearest": 1.0, "random": 1.1, "random_association": 1.05, "lagrangian": 0.5, TIME_SOLVER: 0.495}
    others = fixed | (others or {})
    runs = {}
    for setting in settings:
        runs[kind, setting] = tuple(
            training(
                kind,
                setting,
                seed,
                before=before,
                after=latency(setting) + 0.001 * seed,
                seconds=seconds(setting) * (1 + 0.01 * seed),
                policies=(("structured, highest score", 0.95),) if kind == "structured" else (),
            )
            for seed in range(seeds)
        )
        runs[SOLVERS, setting] = tuple(solvers(setting, seed, **others) for seed in range(seeds))
    return Results(runs)
