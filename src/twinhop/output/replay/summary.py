"""A replay in a few lines and tables, as notebooks show it."""

from __future__ import annotations

from twinhop.output.kit.html import Summary, Table
from twinhop.output.replay.replay import COVERAGE_HEADER, POLICY_HEADER, coverage_rows, policy_rows, title
from twinhop.replay.twin_replay import TwinReplay


def replay_summary(replay: TwinReplay) -> Summary:
    """What each way to synchronise sends, and how far off the twins are."""
    facts = replay.to_json()
    tables = [Table(POLICY_HEADER, policy_rows(facts))]
    if facts["coverage"]:
        caption = f"Truth inside the 90 % interval of {facts['model']}, second half of the paths"
        tables.append(Table(COVERAGE_HEADER, coverage_rows(facts), caption))
    return Summary("Replay", title(facts), [], tables)
