"""Servers for many scenarios together: hours of a day, forecasts, samples; with a certified bound on their risk."""

from twinhop.placement.two_stage.certificate import TwoStageCertificate as TwoStageCertificate
from twinhop.placement.two_stage.certificate import certify_two_stage as certify_two_stage
from twinhop.placement.two_stage.problem import InfeasibleScenario as InfeasibleScenario
from twinhop.placement.two_stage.problem import TwoStageProblem as TwoStageProblem
from twinhop.placement.two_stage.risk import RiskMeasure as RiskMeasure
from twinhop.placement.two_stage.solve import TwoStageSolution as TwoStageSolution
from twinhop.placement.two_stage.solve import solve_two_stage as solve_two_stage
