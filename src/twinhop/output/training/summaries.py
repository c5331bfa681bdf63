"""Learned weights and how they came about in a few lines and tables, as notebooks show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhop.failures import failure_lines
from twinhop.output.kit.html import Summary, Table
from twinhop.output.training.evaluation import cells, header_of
from twinhop.output.training.policy_evaluation import cells as policy_cells
from twinhop.output.training.policy_evaluation import header
from twinhop.training.evaluation import LearnedEvaluation
from twinhop.training.policy_evaluation import PolicyEvaluation

if TYPE_CHECKING:
    from twinhop.learn.trainer import Training


def evaluation_summary(evaluation: LearnedEvaluation) -> Summary:
    """The gaps of all policies on every source."""
    checkpoint = evaluation.checkpoint
    line = (
        f"{checkpoint.algorithm}, seed {checkpoint.seed}; decoded: {evaluation.decode}, {evaluation.polish} local moves"
    )
    tables = [
        Table(
            header_of(each),
            [cells(row) for row in each.rows()],
            f"{each.source}: {each.users} users, {each.stations} stations, {len(each.root_seeds)} worlds",
        )
        for each in evaluation.sources
    ]
    title = f"{checkpoint.configuration['name']}, iteration {checkpoint.iteration}"
    return Summary(title, line, ["Gaps are to certified lower bounds, below which no cost is."], tables)


def policy_evaluation_summary(evaluation: PolicyEvaluation) -> Summary:
    """Agents, policies and the bound on the same episodes."""
    table = Table(header(evaluation), [policy_cells(row) for row in evaluation.rows()])
    said = [f"The certified bound ({evaluation.bound_by}) is a cost that no decisions go below."]
    return Summary(
        f"Policies in {evaluation.source}", evaluation.title, said, [table], failure_lines(evaluation.failures)
    )


def training_summary(training: Training) -> Summary:
    """How far a run came, and how good the best checkpoint is."""
    facts = training.to_json()
    rows = [
        ("iterations", f"{facts['iteration']} of {facts['iterations']}"),
        ("time of training [s]", f"{facts['seconds']:.1f}"),
        ("of it compiling [s]", f"{facts['compiled_s']:.1f}"),
    ]
    singles = (int, float, str)
    best = [
        (name, f"{value:.6g}" if isinstance(value, float) else str(value))
        for name, value in facts["evaluation"].items()
        if isinstance(value, singles)
    ]
    said = ["Interrupted: the same call goes on with it."] if facts["interrupted"] else []
    tables = [Table(("", "value"), rows)]
    tables += [Table(("best checkpoint", "value"), best)] if best else []
    return Summary(f"Training in {facts['folder']}", "", said, tables)
