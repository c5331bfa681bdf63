"""A result of each kind that plans, benchmarks and evaluations give, quickly made."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

import twinhop
from twinhop.benchmarking.benchmark import Benchmark
from twinhop.benchmarking.unit import Bound, Outcome, Unit, UnitResult
from twinhop.plans.describe import describe
from twinhop.scenario import load_scenario, preset
from twinhop.scenario.presets.benchmark_set import benchmark_tasks
from twinhop.training.evaluation import LearnedEvaluation, Score, SourceScores

POLICIES = {
    "placement": ("nearest", "greedy", "lagrangian", "mine.py:agent", "random_association"),
    "migration": ("stay", "utility", "utility:margin=0.2", "expected", "maddpg"),
}


def a_benchmark(seeds=5):
    """A benchmark of made-up costs on all tasks; one policy fails on one task."""
    rng = np.random.default_rng(0)
    results = {}
    for at, task in enumerate(each for each in benchmark_tasks() if each.city is None):
        names = POLICIES[task.kind]
        unit = Unit(task.name, task.kind, load_scenario("bench-place-n20-m4"), names, None, 1.0)
        results[task] = tuple(
            UnitResult(
                unit,
                Bound(1.0, 1.0, 0.0, 20, 4, 1),
                tuple(
                    Outcome(name, 1 + 10.0 ** (rank - 4.2 + rng.normal(0, 0.4)), not (rank == 4 and at == 2), 1.5)
                    for rank, name in enumerate(names)
                ),
            )
            for _ in range(seeds)
        )
    return Benchmark(tuple(range(seeds)), dict(POLICIES), results)


@dataclass
class MadeUp:
    """What an evaluation says of its weights."""

    configuration: dict = field(default_factory=lambda: {"name": "city"})
    iteration: int = 300
    algorithm: str = "structured"
    folder: Path = Path("weights")
    digest: str = "0"
    seed: int = 0


def an_evaluation(worlds=8):
    """Weights and policies on two sources, with made-up costs; `lagrangian` meets the bound on all worlds."""
    rng = np.random.default_rng(1)
    sources = []
    for source, users in (("city-small", 150), ("family-n100-m10", 100)):
        scores = []
        for rank, policy in enumerate(("learned", "nearest", "random_association", "lagrangian")):
            share = (0.003, 0.2, 0.4, 0.0)[rank]
            gap = tuple((share * rng.uniform(0.5, 1.5, worlds)).tolist())
            cost = tuple(3 * (1 + each) for each in gap)
            scores.append(Score(policy, cost, gap, (0.001 * (rank + 1),) * worlds, int(policy == "nearest")))
        sources.append(SourceScores(source, users, 20, tuple(range(worlds)), tuple(scores)))
    return LearnedEvaluation(MadeUp(), "argmax", 0, tuple(sources))


MAKERS = {
    "plan": lambda: twinhop.plan("city-small"),
    "comparison": lambda: twinhop.compare("family(60, 6)"),
    "together": lambda: twinhop.plan_samples("family(40, 6)", 14, 0.3),
    "tradeoff": lambda: twinhop.tradeoff("family(40, 6)"),
    "failures": lambda: twinhop.survey_failures("family(60, 6, deadlines=on)", failure_moves="stay"),
    "robustness": lambda: twinhop.robustness("family(60, 6, deadlines=on)", 0.1, samples=60),
    "pricing": lambda: twinhop.price(result("plan"), "city-small"),
    "explanation": lambda: twinhop.explain(result("plan"), "u12"),
    "description": lambda: describe(preset("city-small")),
    "benchmark": a_benchmark,
    "evaluation": an_evaluation,
}


@cache
def result(kind):
    """The result of a kind, made once."""
    return MAKERS[kind]()
