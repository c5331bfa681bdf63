"""twinhop: place the digital twins of mobile users on edge servers, with a proof of how good the placement is.

>>> import twinhop
>>> plan = twinhop.plan("lu2021-n80-m5")
>>> plan.lower_bound <= plan.cost
True
"""

from typing import TYPE_CHECKING, Any

from twinhop._version import __version__ as __version__

if TYPE_CHECKING:
    from twinhop.benchmarking.benchmark import Benchmark as Benchmark
    from twinhop.benchmarking.benchmark import benchmark as benchmark
    from twinhop.errors import InputError as InputError
    from twinhop.errors import TwinhopError as TwinhopError
    from twinhop.placement import InfeasibleProblem as InfeasibleProblem
    from twinhop.placement import PlacementProblem as PlacementProblem
    from twinhop.plans import Comparison as Comparison
    from twinhop.plans import Explanation as Explanation
    from twinhop.plans import Plan as Plan
    from twinhop.plans import Robustness as Robustness
    from twinhop.plans import Tradeoff as Tradeoff
    from twinhop.plans import compare as compare
    from twinhop.plans import explain as explain
    from twinhop.plans import load as load
    from twinhop.plans import plan as plan
    from twinhop.plans import robustness as robustness
    from twinhop.plans import tradeoff as tradeoff
    from twinhop.runs.simulation import Simulation as Simulation
    from twinhop.runs.simulation import simulate as simulate
    from twinhop.scenario import Scenario as Scenario
    from twinhop.scenario import family as family
    from twinhop.training.evaluation import LearnedEvaluation as LearnedEvaluation
    from twinhop.training.evaluation import evaluate_checkpoint as evaluate_checkpoint
    from twinhop.training.training import train as train
    from twinhop.training.transferring import transfer as transfer

#: Public names and where they live; imported when first used, so that `import twinhop` costs nothing.
_HOME = {
    "InputError": "twinhop.errors",
    "TwinhopError": "twinhop.errors",
    "Benchmark": "twinhop.benchmarking.benchmark",
    "Comparison": "twinhop.plans",
    "Explanation": "twinhop.plans",
    "Plan": "twinhop.plans",
    "benchmark": "twinhop.benchmarking.benchmark",
    "compare": "twinhop.plans",
    "explain": "twinhop.plans",
    "load": "twinhop.plans",
    "LearnedEvaluation": "twinhop.training.evaluation",
    "Robustness": "twinhop.plans",
    "evaluate_checkpoint": "twinhop.training.evaluation",
    "plan": "twinhop.plans",
    "robustness": "twinhop.plans",
    "Simulation": "twinhop.runs.simulation",
    "simulate": "twinhop.runs.simulation",
    "train": "twinhop.training.training",
    "transfer": "twinhop.training.transferring",
    "Tradeoff": "twinhop.plans",
    "tradeoff": "twinhop.plans",
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
