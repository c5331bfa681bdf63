"""Plans, comparisons, explanations and robustness of whole scenarios."""

from twinhop.plans.comparison import DEFAULT_POLICIES as DEFAULT_POLICIES
from twinhop.plans.comparison import Comparison as Comparison
from twinhop.plans.explanation import Explanation as Explanation
from twinhop.plans.explanation import explain as explain
from twinhop.plans.failure_survey import FailureSurvey as FailureSurvey
from twinhop.plans.failure_survey import survey_failures as survey_failures
from twinhop.plans.joint_plan import JointPlan as JointPlan
from twinhop.plans.joint_plan import plan_forecasts as plan_forecasts
from twinhop.plans.joint_plan import plan_hours as plan_hours
from twinhop.plans.joint_plan import plan_samples as plan_samples
from twinhop.plans.knee import Knee as Knee
from twinhop.plans.planning import load as load
from twinhop.plans.pricing import Pricing as Pricing
from twinhop.plans.pricing import price as price
from twinhop.plans.request import plan as plan
from twinhop.plans.result import Plan as Plan
from twinhop.plans.robustness import Robustness as Robustness
from twinhop.plans.robustness import robustness as robustness
from twinhop.plans.seed_comparison import SeedComparison as SeedComparison
from twinhop.plans.seed_comparison import compare as compare
from twinhop.plans.sparse import SparsePlan as SparsePlan
from twinhop.plans.tradeoff import Tradeoff as Tradeoff
from twinhop.plans.tradeoff import tradeoff as tradeoff
