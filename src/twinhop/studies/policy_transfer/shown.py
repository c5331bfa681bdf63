"""How the experiment on transfer is shown: as all results are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.studies.policy_transfer.figure import draw_in_axes, draw_policy_transfer
from twinhop.studies.policy_transfer.study import TransferReproduction, transfer_report, write_transfer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def to_json(transfer: TransferReproduction) -> dict[str, Any]:
    """What policies and models of users gain, as in policy-transfer.json."""
    return {"policies": transfer.policies.to_json(), "twins": transfer.twins.to_json()}


def report(transfer: TransferReproduction) -> str:
    """The report in Markdown, as in transfer.md."""
    return transfer_report(transfer.policies, transfer.twins)


def plot(transfer: TransferReproduction, ax: Axes | None = None, panel: str | None = None) -> Figure | Axes:
    """What policies gain in all shifts, or in the one that ``panel`` names, the first where it names none."""
    return draw_policy_transfer(transfer.policies) if ax is None else draw_in_axes(transfer.policies, ax, panel)


def write(transfer: TransferReproduction, folder: Path) -> None:
    """Write policy-transfer and twin-transfer as JSON, CSV, LaTeX and figures, and transfer.md."""
    write_transfer(transfer.policies, transfer.twins, folder)
