"""The model that HiGHS solves: outcomes, duals, and a solve that does not hear that it is to stop."""

import threading

import numpy as np
import pytest

from twinhop.placement import mip
from twinhop.placement.budget import Budget
from twinhop.placement.mip import MipStatus, Model


def knapsack(limit=2.0):
    """Take at least two of three things of value 1, 2 and 3 at the least value, at most ``limit`` of them."""
    model = Model()
    things = model.add_binaries(3, np.array([1.0, 2.0, 3.0]))
    model.add_rows(np.zeros(3, int), things, np.ones(3), 2.0, limit, 1)
    return model


def test_optimum():
    model = knapsack()
    assert model.solve(Budget()) is MipStatus.OPTIMAL
    assert model.values() == pytest.approx([1, 1, 0])
    assert model.lower_bound() == pytest.approx(3)


def test_infeasible():
    model = knapsack()
    model.add_rows(np.zeros(1, int), np.zeros(1, int), np.ones(1), 2.0, np.inf, 1)
    assert model.solve(Budget()) is MipStatus.INFEASIBLE


def test_row_duals():
    model = Model()
    columns = model.add_columns(np.array([1.0, 3.0]), 1.0)
    model.add_rows(np.zeros(2, int), columns, np.ones(2), 1.5, np.inf, 1)
    assert model.solve(Budget()) is MipStatus.OPTIMAL
    assert model.row_duals() == pytest.approx([3.0])


@pytest.fixture
def deaf():
    """A model whose solve goes on until the test ends, whatever it is told."""
    model, end = knapsack(), threading.Event()
    model._highs.run = end.wait
    yield model
    end.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.startswith("Thread") and not thread.daemon:
            thread.join()
    assert not mip.still_solving()


def test_a_solve_that_does_not_hear_is_left_behind(deaf):
    assert deaf.solve(Budget(0.05)) is MipStatus.STOPPED
    assert mip.still_solving()
    assert (deaf.values(), deaf.lower_bound()) == (None, -np.inf)
    other = knapsack()
    assert other.solve(Budget()) is MipStatus.OPTIMAL
    assert other.lower_bound() == pytest.approx(3)


def test_what_it_has_told_is_known(deaf):
    class Event:
        class data_out:  # noqa: N801 - as HiGHS names it
            mip_dual_bound, mip_solution = 2.5, [1.0, 0.0, 1.0]

        def interrupt(self):
            raise AssertionError("not asked to stop")

    def run():
        deaf._watch._note_bound(Event())
        deaf._watch._note_solution(Event())
        wait()

    wait, deaf._highs.run = deaf._highs.run, run
    assert deaf.solve(Budget(0.05)) is MipStatus.STOPPED
    assert deaf.lower_bound() == 2.5
    assert deaf.values().tolist() == [1.0, 0.0, 1.0]
