"""A simulation in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twinhop._version import __version__
from twinhop.experiments.markdown import percent, table
from twinhop.words import counted

if TYPE_CHECKING:
    from twinhop.experiments.simulation import Simulation


def simulation_report(simulation: Simulation) -> str:
    """The report in Markdown; it holds no times of this machine."""
    facts = simulation.to_json(times=False)
    lines = [f"# Simulation of {facts['source']}", "", title(facts) + f", twinhop {__version__}.", ""]
    lines += table(HEADER, cost_rows(facts))
    return "\n".join(lines) + "\n"


HEADER = ("policy", "cost", "regret", "p95 ms", "age ms", "moves/user h", "ping-pong", "late", "open")


def title(facts: dict[str, Any]) -> str:
    """What was run, in a line."""
    size = f"{counted(facts['users'], 'user')}, {counted(facts['stations'], 'station')}"
    return f"{size}, {counted(facts['slots'], 'slot')} of {facts['slot_s']:g} s, {counted(facts['seeds'], 'seed')}"


def cost_rows(facts: dict[str, Any]) -> list[tuple[str, ...]]:
    """A row a policy: cost, regret and what users see."""
    return [
        (
            row["policy"],
            f"{row['cost']:.5g}",
            percent(row["regret"]),
            f"{1e3 * row['latency_p95_s']:.4g}",
            f"{1e3 * row['age_mean_s']:.4g}",
            f"{row['migrations_per_user_hour']:.4g}",
            percent(row["ping_pong"]),
            percent(row["violation_ratio"]),
            f"{row['opened']:.3g}",
        )
        for row in facts["policies"]
    ]
