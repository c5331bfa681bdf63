"""Every public class says in one line what it is."""

import inspect

import numpy as np
import pytest

import twinhop

SCENARIO = "lu2021-n80-m5"
#: Errors say their message, sections of a file and parts of a policy their fields.
OTHERS = {name for name in twinhop.__all__ if name.endswith(("Error", "Warning"))} | {
    *(
        "InfeasibleProblem",
        "PolicyKind",
        "Setting",
        "Violation",
        "Benchmark",
        "LearnedEvaluation",
        "PolicyEvaluation",
        "Training",
    )
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    comparison = twinhop.compare(SCENARIO, ["nearest", "lagrangian"])
    plan = comparison.plans[1]
    run = twinhop.MigrationRun(twinhop.load(SCENARIO), slots=2)
    return [
        comparison,
        *comparison.plans,
        plan.case,
        plan.case.world,
        plan.case.problem,
        plan.solution,
        plan.solution.placement,
        plan.solution.evaluation,
        plan.solution.certificate,
        twinhop.Decision(plan.solution.placement, plan.solution.certificate),
        twinhop.robustness("family(30, 5, deadlines=on)", 0.2, samples=3),
        twinhop.plan("family(20, 4)", candidates=3),
        twinhop.price(plan, SCENARIO),
        twinhop.explain(plan, 0),
        twinhop.survey_failures("family(20, 4)"),
        twinhop.plan_forecasts(["family(20, 4)"]),
        twinhop.tradeoff("family(20, 4)"),
        twinhop.tradeoff("family(20, 4)").curve,
        twinhop.compare(SCENARIO, ["nearest"], seeds=2),
        twinhop.simulate(SCENARIO, ["stay"], slots=2),
        run,
        next(iter(run)),
        twinhop.load(SCENARIO),
        twinhop.city([[0, 0]], np.zeros((2, 2)), name="x" * 60 + " y" * 15),
    ]


def test_every_public_class_is_looked_at(results):
    public = {name for name in twinhop.__all__ if inspect.isclass(getattr(twinhop, name))}
    assert public - OTHERS <= {type(each).__name__ for each in results}


def test_results_are_one_line_that_names_them(results):
    for each in results:
        line = repr(each)
        assert len(line) < 120 and "\n" not in line, line
        assert line.startswith(f"<{type(each).__name__}: ") and line.endswith(">")


def test_the_line_has_the_figures(results):
    plan = results[2]
    figures = f"cost {plan.cost:.6g}, bound {plan.lower_bound:.6g}, gap {100 * plan.gap:.3g} %"
    assert repr(plan) == f"<Plan: {SCENARIO}, lagrangian, {figures}>"
    assert repr(results[-1]).endswith("...>")
