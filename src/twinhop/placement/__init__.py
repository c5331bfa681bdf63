"""P1, the placement of twins: problem, policies, certified bounds, exact solver, problem files."""

from twinhop.placement.certificate import Certificate as Certificate
from twinhop.placement.certificate import certify as certify
from twinhop.placement.evaluation import Evaluation as Evaluation
from twinhop.placement.evaluation import Violation as Violation
from twinhop.placement.evaluation import evaluate as evaluate
from twinhop.placement.formats import FORMATS as FORMATS
from twinhop.placement.formats import read_problem as read_problem
from twinhop.placement.formulate import ROW_INTERACTION as ROW_INTERACTION
from twinhop.placement.formulate import ROW_UNLINKED as ROW_UNLINKED
from twinhop.placement.formulate import ROW_WIRED_HOP as ROW_WIRED_HOP
from twinhop.placement.formulate import RadioState as RadioState
from twinhop.placement.formulate import formulate as formulate
from twinhop.placement.formulate import radio_state as radio_state
from twinhop.placement.infeasibility import InfeasibilityProof as InfeasibilityProof
from twinhop.placement.infeasibility import InfeasibleProblem as InfeasibleProblem
from twinhop.placement.literal_evaluation import LiteralEvaluation as LiteralEvaluation
from twinhop.placement.literal_evaluation import evaluate_literally as evaluate_literally
from twinhop.placement.placement import Placement as Placement
from twinhop.placement.policy import Decision as Decision
from twinhop.placement.policy import policy_names as policy_names
from twinhop.placement.problem import PlacementProblem as PlacementProblem
from twinhop.placement.problem_file import load_problem as load_problem
from twinhop.placement.problem_file import save_problem as save_problem
from twinhop.placement.solve import Solution as Solution
from twinhop.placement.solve import solve as solve
from twinhop.placement.wired import wires as wires
