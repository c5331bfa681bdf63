"""P1, the placement of twins: problem, policies, certified bounds, exact solver, problem files."""

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
