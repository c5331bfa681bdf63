"""Plans, comparisons, explanations and robustness of whole scenarios, their reports, tables and figures."""

from twinhop.experiments.comparison import DEFAULT_POLICIES as DEFAULT_POLICIES
from twinhop.experiments.comparison import Comparison as Comparison
from twinhop.experiments.comparison import compare as compare
from twinhop.experiments.explanation import Explanation as Explanation
from twinhop.experiments.planning import Plan as Plan
from twinhop.experiments.planning import load as load
from twinhop.experiments.planning import plan as plan
from twinhop.experiments.sampling import Robustness as Robustness
from twinhop.experiments.sampling import robustness as robustness
from twinhop.experiments.tradeoff import Tradeoff as Tradeoff
from twinhop.experiments.tradeoff import tradeoff as tradeoff
