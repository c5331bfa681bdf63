"""The model that HiGHS solves: outcomes, duals, and a solve that does not hear that it is to stop."""

import gc
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from types import SimpleNamespace

import numpy as np
import pytest

from twinhop import highs
from twinhop.highs import Outcome
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
def deaf(monkeypatch):
    """A model whose solve in a thread goes on until the test ends, whatever it is told."""
    model, end = knapsack(), threading.Event()

    def run(arrays, options, watch):
        watch._note_bound(SimpleNamespace(data_out=SimpleNamespace(mip_dual_bound=2.5), interrupt=None))
        watch._note_solution(SimpleNamespace(data_out=SimpleNamespace(mip_solution=[1.0, 0.0, 1.0])))
        end.wait()
        return Outcome("stopped")

    monkeypatch.setattr(mip, "run_highs", run)
    yield model
    end.set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and thread.name.startswith("Thread") and not thread.daemon:
            thread.join()
    assert not mip.still_solving()


def test_a_solve_that_does_not_hear_is_left_behind(deaf, monkeypatch):
    assert deaf.solve(Budget(0.05)) is MipStatus.STOPPED
    assert mip.still_solving()
    assert deaf.lower_bound() == 2.5
    assert deaf.values().tolist() == [1.0, 0.0, 1.0]
    monkeypatch.setattr(mip, "run_highs", highs.run_highs)
    other = knapsack()
    assert other.solve(Budget()) is MipStatus.OPTIMAL
    assert other.lower_bound() == pytest.approx(3)


def hard_partition(count=60):
    """A model whose tree takes far longer than any test: a sum of odd weights that none of the choices hits."""
    weights = np.random.default_rng(0).integers(10**6, 2 * 10**6, count) * 2.0 + 1
    model = Model()
    things = model.add_binaries(count)
    over = model.add_columns(np.ones(1), np.inf)
    total = weights.sum() // 2 + 0.5
    for sign in (1.0, -1.0):
        model.add_rows(
            np.zeros(count + 1, int), np.append(things, over), np.append(sign * weights, 1.0), sign * total, np.inf, 1
        )
    return model


@pytest.mark.parametrize("binaries_here", [0, 1000])
def test_the_same_answers_in_a_process(monkeypatch, binaries_here):
    monkeypatch.setattr(mip, "BINARIES_HERE", binaries_here)
    model = knapsack()
    assert model.solve(Budget()) is MipStatus.OPTIMAL
    assert (model._worker is not None) == (binaries_here == 0)
    assert model.values() == pytest.approx([1, 1, 0])
    model.add_rows(np.zeros(1, int), np.array([0]), np.ones(1), -np.inf, 0.0, 1)
    assert model.solve(Budget()) is MipStatus.OPTIMAL
    assert model.values() == pytest.approx([0, 1, 1])


@pytest.mark.parametrize(("columns_here", "in_a_process"), [(2, True), (3, False)])
def test_large_linear_programs_are_solved_in_a_process(monkeypatch, columns_here, in_a_process):
    monkeypatch.setattr(mip, "COLUMNS_HERE", columns_here)
    model = Model()
    columns = model.add_columns(np.array([1.0, 3.0, 4.0]), 1.0)
    model.add_rows(np.zeros(3, int), columns, np.ones(3), 1.5, np.inf, 1)
    assert model.solve(Budget()) is MipStatus.OPTIMAL
    assert (model._worker is not None) == in_a_process
    assert model.values() == pytest.approx([1.0, 0.5, 0.0])
    assert model.row_duals() == pytest.approx([3.0])


def test_a_linear_program_that_does_not_listen_is_ended(monkeypatch, tmp_path):
    """Python could not end before its thread did: 17 s after the limit, once."""
    (tmp_path / "deaf_program.py").write_text("import time\n\n\ndef run(*_):\n    time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(mip, "run_highs_there", importlib.import_module("deaf_program").run)
    model = Model()
    columns = model.add_columns(np.ones(mip.COLUMNS_HERE + 1), 1.0)
    model.add_rows(np.zeros(columns.size, int), columns, np.ones(columns.size), 1.0, np.inf, 1)
    process = model._ready_worker()._process
    assert model.solve(Budget(0.2)) is MipStatus.STOPPED
    assert process.poll() == -signal.SIGKILL
    assert not mip.still_solving()


def test_a_process_is_ended_at_the_limit(monkeypatch):
    monkeypatch.setattr(mip, "BINARIES_HERE", 0)
    model = hard_partition()
    model.solve(Budget(0.01))  # starts the process
    begin = time.perf_counter()
    assert model.solve(Budget(1.0)) is MipStatus.STOPPED
    assert time.perf_counter() - begin < 5
    worker = weakref.ref(model._worker) if model._worker is not None else lambda: None
    del model
    gc.collect()
    assert worker() is None or worker()._process.poll() is not None


def test_a_process_that_dies_is_no_answer(monkeypatch):
    monkeypatch.setattr(mip, "BINARIES_HERE", 0)
    model = hard_partition()
    model.solve(Budget(0.01))
    if model._worker is None:
        model._ready_worker()
    threading.Timer(0.3, lambda: os.kill(model._worker.pid, signal.SIGKILL)).start()
    assert model.solve(Budget(20)) is MipStatus.STOPPED
    assert model._worker is None


def test_infeasibility_is_asked_about_twice(monkeypatch):
    """What presolve alone claims counts as stopped."""
    runs = []

    def run(arrays, options, watch):
        runs.append(options.get("presolve"))
        return highs.run_highs(arrays, options, watch) if "presolve" in options else Outcome("infeasible")

    monkeypatch.setattr(mip, "run_highs", run)
    model = knapsack()
    assert model.solve(Budget(), confirmed=True) is MipStatus.OPTIMAL
    assert model.values() == pytest.approx([1, 1, 0])
    assert runs == [None, "off"]


@pytest.mark.parametrize(
    "wrong",
    [
        Outcome("optimal", 2.0, 2.0, np.array([1.0, 1.0, 0.0])),  # costs 3
        Outcome("optimal", 4.0, 4.0, np.array([1.0, 0.0, 1.0])),  # a cheaper one is known
        Outcome("infeasible"),
    ],
)
def test_an_answer_that_contradicts_itself_or_a_known_plan_is_asked_for_again(monkeypatch, wrong):
    def run(arrays, options, watch):
        return highs.run_highs(arrays, options, watch) if "presolve" in options else wrong

    monkeypatch.setattr(mip, "run_highs", run)
    model = knapsack()
    assert model.solve(Budget(), known=3.0) is MipStatus.OPTIMAL
    assert model.lower_bound() == pytest.approx(3)
    monkeypatch.setattr(mip, "run_highs", lambda arrays, options, watch: wrong)
    assert model.solve(Budget(), known=3.0) is MipStatus.STOPPED
    assert model.lower_bound() == -np.inf


def test_the_relaxation_divides():
    model = knapsack()
    model.add_rows(np.zeros(3, int), np.arange(3), np.array([1.0, 0.0, 0.0]), -np.inf, 0.5, 1)
    assert model.solve(Budget(), relaxed=True) is MipStatus.OPTIMAL
    assert model.values() == pytest.approx([0.5, 1, 0.5])
    assert model.row_duals().shape == (2,)


def test_a_process_that_does_not_listen_is_ended(monkeypatch, tmp_path):
    (tmp_path / "deaf_highs.py").write_text("import time\n\n\ndef run(*_):\n    time.sleep(60)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(mip, "BINARIES_HERE", 0)
    monkeypatch.setattr(mip, "run_highs_there", importlib.import_module("deaf_highs").run)
    model = knapsack()
    process = model._ready_worker()._process
    begin = time.perf_counter()
    assert model.solve(Budget(0.2)) is MipStatus.STOPPED
    assert time.perf_counter() - begin < 5
    assert process.poll() == -signal.SIGKILL
    assert (model.values(), model.lower_bound()) == (None, -np.inf)
    assert not mip.still_solving()


@pytest.mark.slow
def test_python_ends_after_exact_has_reached_its_limit(tmp_path):
    """A thread that HiGHS did not leave kept a core busy and Python from ending for minutes."""
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\n"
        "from twinhop.placement import PlacementProblem, solve\n"
        "rng = np.random.default_rng(0)\n"
        "demand = rng.integers(5, 36, 200).astype(float)\n"
        "capacity = np.ceil(rng.dirichlet(np.full(30, 4.0)) * demand.sum() * 1.04)\n"
        "problem = PlacementProblem(comm_s=rng.uniform(0, 10, (200, 30)) * demand[:, None], root_work=np.zeros(200),\n"
        "    cpu=np.ones(30), capacity=np.full(30, 200), opening_s=rng.uniform(100, 1000, 30), alpha=200.0, beta=1.0,\n"
        "    demand=demand, demand_capacity=capacity)\n"
        "print(solve(problem, 'exact', time_limit_s=3).seconds, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as program:
        assert float(program.stdout.readline()) < 6
        assert program.wait(30) == 0
