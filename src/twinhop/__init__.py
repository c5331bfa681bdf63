"""twinhop: place the digital twins of mobile users on edge servers, with a proof of how good the placement is.

>>> import twinhop
>>> plan = twinhop.plan("lu2021-n80-m5")
>>> plan.lower_bound <= plan.cost
True
"""

from typing import TYPE_CHECKING, Any

from twinhop._version import __version__ as __version__

if TYPE_CHECKING:
    from twinhop.errors import InputError as InputError
    from twinhop.errors import TwinhopError as TwinhopError
    from twinhop.experiments import Comparison as Comparison
    from twinhop.experiments import Explanation as Explanation
    from twinhop.experiments import Plan as Plan
    from twinhop.experiments import Robustness as Robustness
    from twinhop.experiments import Tradeoff as Tradeoff
    from twinhop.experiments import compare as compare
    from twinhop.experiments import load as load
    from twinhop.experiments import plan as plan
    from twinhop.experiments import robustness as robustness
    from twinhop.experiments import tradeoff as tradeoff
    from twinhop.experiments.benchmark import Benchmark as Benchmark
    from twinhop.experiments.benchmark import benchmark as benchmark
    from twinhop.experiments.learning_evaluation import LearnedEvaluation as LearnedEvaluation
    from twinhop.experiments.learning_evaluation import evaluate_checkpoint as evaluate_checkpoint
    from twinhop.experiments.simulation import Simulation as Simulation
    from twinhop.experiments.simulation import simulate as simulate
    from twinhop.experiments.training import train as train
    from twinhop.experiments.transferring import transfer as transfer
    from twinhop.placement import InfeasibleProblem as InfeasibleProblem
    from twinhop.placement import PlacementProblem as PlacementProblem
    from twinhop.scenario import Scenario as Scenario
    from twinhop.scenario import family as family

#: Public names and where they live; imported when first used, so that `import twinhop` costs nothing.
_HOME = {
    "InputError": "twinhop.errors",
    "TwinhopError": "twinhop.errors",
    "Benchmark": "twinhop.experiments.benchmark",
    "Comparison": "twinhop.experiments",
    "Explanation": "twinhop.experiments",
    "Plan": "twinhop.experiments",
    "benchmark": "twinhop.experiments.benchmark",
    "compare": "twinhop.experiments",
    "load": "twinhop.experiments",
    "LearnedEvaluation": "twinhop.experiments.learning_evaluation",
    "Robustness": "twinhop.experiments",
    "evaluate_checkpoint": "twinhop.experiments.learning_evaluation",
    "plan": "twinhop.experiments",
    "robustness": "twinhop.experiments",
    "Simulation": "twinhop.experiments.simulation",
    "simulate": "twinhop.experiments.simulation",
    "train": "twinhop.experiments.training",
    "transfer": "twinhop.experiments.transferring",
    "Tradeoff": "twinhop.experiments",
    "tradeoff": "twinhop.experiments",
    "InfeasibleProblem": "twinhop.placement",
    "PlacementProblem": "twinhop.placement",
    "Scenario": "twinhop.scenario",
    "family": "twinhop.scenario",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'twinhop' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
