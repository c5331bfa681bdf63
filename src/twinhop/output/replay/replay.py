"""The tables and files of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.io.table_values import without_infinities
from twinhop.output.kit.answers import write_answer
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import table, write_table
from twinhop.replay.twin_replay import TwinReplay

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POLICY_HEADER = ("policy", "updates", "kbit", "p50 m", "p95 m", "max m", "mean age s", "peak age s")
COVERAGE_HEADER = ("ahead", "forecasts", "inside", "calibrated", "scale", "p50 error m")
#: Columns of the table in LaTeX.
COLUMNS = {
    "policy": "policy",
    "updates": "updates",
    "kbit": "sent [kbit]",
    "error_p50_m": "error p50 [m]",
    "error_p95_m": "error p95 [m]",
    "mean_age_s": "mean age [s]",
    "peak_age_s": "peak age [s]",
}


def table_rows(replay: TwinReplay) -> list[dict[str, Any]]:
    """One row a policy as numbers."""
    return [
        {**facts, "policy": f"{facts['policy']}: {facts['label']}", "kbit": facts["bits"] / 1000}
        for facts in replay.to_json()["policies"]
    ]


def policy_rows(facts: dict[str, Any]) -> list[list[str]]:
    """One row a policy; see `POLICY_HEADER`."""
    return [
        [
            f"{row['policy']}: {row['label']}",
            str(row["updates"]),
            f"{row['bits'] / 1000:.1f}",
            *(f"{row[name]:.2f}" for name in ("error_p50_m", "error_p95_m", "error_max_m", "mean_age_s", "peak_age_s")),
        ]
        for row in facts["policies"]
    ]


def coverage_rows(facts: dict[str, Any]) -> list[list[str]]:
    """One row a horizon; see `COVERAGE_HEADER`."""
    return [
        [
            f"{row['ahead_s']:g} s",
            str(row["forecasts"]),
            f"{100 * row['covered']:.1f} %",
            f"{100 * row['calibrated']:.1f} %",
            f"{row['scale']:.2f}",
            f"{row['error_p50_m']:.1f}",
        ]
        for row in facts["coverage"]
    ]


def title(facts: dict[str, Any]) -> str:
    """What was replayed, in one line."""
    devices = f"{facts['devices']} devices" if facts["devices"] != 1 else "1 device"
    noise = f"noise {facts['noise_m']:g} m, tolerance {facts['tolerance_m']:g} m"
    return f"{facts['source']}: {devices}, {facts['samples']} samples, one each {facts['sample_s']:g} s, {noise}"


def report(replay: TwinReplay) -> str:
    """The report in Markdown."""
    return "\n".join(_report(replay.to_json())) + "\n"


def plot(replay: TwinReplay, ax: Axes | None = None, panel: str | None = None) -> Figure | None:
    """How far off the twins are, by policy; in axes of the user that of one, named by ``panel``."""
    from twinhop.output.kit.figures import panel_of
    from twinhop.output.replay.figure import draw_error, draw_errors

    kinds = [policy.kind for policy in replay.policies]
    name = panel_of(panel, kinds)
    if ax is None:
        return draw_errors(replay)
    draw_error(ax, replay, replay.policies[kinds.index(name)])
    return None


def write(replay: TwinReplay, folder: Path, notes: Sequence[str] | None = None) -> None:
    """Write replay.json, replay.md, replay.parquet (every sample), a table of the policies, and the figures.

    Args:
        replay: of at least one policy.
        folder: where the files go.
        notes: on what was replayed, kept in replay.json.
    """
    from twinhop.output.replay.figure import draw_errors, draw_forecasts, draw_paths

    facts = replay.to_json() | ({} if notes is None else {"notes": list(notes)})
    write_answer(folder / "replay.json", facts)
    (folder / "replay.md").write_text(report(replay), encoding="utf-8")
    without_infinities(_samples(replay)).write_parquet(folder / "replay.parquet")
    for name, draw in (("paths", draw_paths), ("errors", draw_errors), ("forecasts", draw_forecasts)):
        save_figure(draw(replay), folder, name)
    write_table(folder, "policies", table_rows(replay), COLUMNS)


def _report(facts: dict[str, Any]) -> list[str]:
    lines = ["# Replay", "", title(facts), "", *table(POLICY_HEADER, policy_rows(facts)), ""]
    if facts["coverage"]:
        heading = f"Truth inside the 90 % interval of {facts['model']}, second half of the paths"
        lines += [heading, "", *table(COVERAGE_HEADER, coverage_rows(facts)), ""]
    return lines


def _samples(replay: TwinReplay):  # noqa: ANN202
    """One row a policy, device and sample."""
    import polars as pl

    parts = []
    for policy in replay.policies:
        for track, run in zip(policy.tracks, policy.runs, strict=True):
            columns = {
                "policy": np.full(len(track.time_s), policy.kind),
                "user": np.full(len(track.time_s), track.user),
                "time_s": track.time_s,
                "x_m": track.truth_m[:, 0],
                "y_m": track.truth_m[:, 1],
                "twin_x_m": run.estimate_m[:, 0],
                "twin_y_m": run.estimate_m[:, 1],
                "sent": run.sent,
                "error_m": run.error_m,
                "age_s": run.age_s,
            }
            parts.append(pl.DataFrame(columns))
    return pl.concat(parts)
