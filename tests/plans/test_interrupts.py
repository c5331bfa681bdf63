"""Ctrl-C while plans for a running system and trade-off curves are made: the best so far, with a bound."""

import os
import signal

import pytest

import twinhop
from twinhop.placement.tradeoff import trade_off
from twinhop.plans import replanning
from twinhop.plans.limits.descent import LimitedDescent


class CtrlC:
    """Listens to progress and presses Ctrl-C once."""

    def __init__(self):
        self.pressed = False

    def __call__(self, *_):
        if not self.pressed:
            self.pressed = True
            os.kill(os.getpid(), signal.SIGINT)


def is_valid(plan):
    return plan.feasible and 0 < plan.lower_bound <= plan.cost


@pytest.mark.parametrize("policy", ["lagrangian", "exact"])
def test_before_the_hosts_have_failed(policy):
    plan = twinhop.plan("family(60, 8)", policy, without=["b1"], on_progress=CtrlC())
    assert plan.solution.interrupted and plan.failure.reference.solution.interrupted
    assert is_valid(plan) and is_valid(plan.failure.reference)
    assert 1 not in plan.solution.placement.host


def test_a_policy_without_a_bound_still_answers():
    plan = twinhop.plan("family(60, 8)", "local_search", without=["b1"], on_progress=CtrlC())
    assert plan.solution.interrupted and plan.feasible
    assert plan.lower_bound is None


def test_while_the_present_plan_is_mended(monkeypatch):
    present = twinhop.plan("family(60, 8)", "nearest")
    press = CtrlC()

    class Interrupted(replanning.Search):
        def improve(self, *args, **options):
            press()
            super().improve(*args, **options)

    monkeypatch.setattr(replanning, "Search", Interrupted)
    plan = twinhop.plan("family(60, 8)", present=present, move_cost_s=0.05)
    assert press.pressed and plan.solution.interrupted
    assert is_valid(plan)


def test_while_a_plan_within_limits_is_improved(monkeypatch):
    present = twinhop.plan("family(60, 8)", "nearest")
    press, improved = CtrlC(), LimitedDescent.improved

    def pressed(*args):
        press()
        return improved(*args)

    monkeypatch.setattr(LimitedDescent, "improved", pressed)
    plan = twinhop.plan("family(60, 8)", present=present, max_moves=8)
    assert press.pressed and plan.solution.interrupted
    assert is_valid(plan) and plan.moves.users.size <= 8


def test_before_the_first_point_of_a_curve():
    problem = twinhop.plan("family(60, 8)", "nearest").case.problem
    curve = trade_off(problem, on_progress=CtrlC())
    assert curve.interrupted
    assert len(curve.points) == 1
    assert 0 < curve.lower_bound <= curve.best.cost
