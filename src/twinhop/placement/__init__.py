"""P1, the placement of twins: problem, policies, certified bounds, exact solver, problem files."""

from typing import TYPE_CHECKING

from twinhop.placement.certificate import Certificate as Certificate
from twinhop.placement.certificate import Part as Part
from twinhop.placement.certificate import PricedPart as PricedPart
from twinhop.placement.certificate import Prices as Prices
from twinhop.placement.certificate import certify as certify
from twinhop.placement.certificate import certify_parts as certify_parts
from twinhop.placement.evaluation import Evaluation as Evaluation
from twinhop.placement.evaluation import Violation as Violation
from twinhop.placement.evaluation import evaluate as evaluate
from twinhop.placement.formats import FORMATS as FORMATS
from twinhop.placement.formats import read_problem as read_problem
from twinhop.placement.formats import read_problem_file as read_problem_file
from twinhop.placement.infeasibility import InfeasibilityProof as InfeasibilityProof
from twinhop.placement.infeasibility import InfeasibleProblem as InfeasibleProblem
from twinhop.placement.placement import Placement as Placement
from twinhop.placement.policy import Decision as Decision
from twinhop.placement.policy import policy_names as policy_names
from twinhop.placement.problem import PlacementProblem as PlacementProblem
from twinhop.placement.problem_file import load_problem as load_problem
from twinhop.placement.problem_file import save_problem as save_problem
from twinhop.placement.solve import Solution as Solution
from twinhop.placement.solve import solve as solve

if TYPE_CHECKING:
    from twinhop.placement.delta import Delta as Delta
    from twinhop.placement.planner import Planner as Planner
    from twinhop.placement.replan import Replan as Replan
    from twinhop.placement.sparse import SparsePrices as SparsePrices
    from twinhop.placement.sparse import SparseProblem as SparseProblem
    from twinhop.placement.sparse import SparseSolution as SparseSolution
    from twinhop.placement.sparse import solve_sparse as solve_sparse

#: Names that are imported when first used, and where they are: few need them, and they bring loops of their own.
_LATER = {
    "Delta": "delta",
    "Planner": "planner",
    "Replan": "replan",
    "SparsePrices": "sparse",
    "SparseProblem": "sparse",
    "SparseSolution": "sparse",
    "solve_sparse": "sparse",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _LATER:
        raise AttributeError(f"module 'twinhop.placement' has no attribute '{name}'")
    return getattr(import_module(f"twinhop.placement.{_LATER[name]}"), name)
