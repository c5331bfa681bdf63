"""What the study of twins that take their models along comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from twinhop.output.kit.tables import table
from twinhop.studies.twin_transfer.motion import Constants
from twinhop.studies.twin_transfer.scores import Score

#: Moves after which the length of a model that Eq. 34 changed at each of them is given.
MOVES = 10
HEADER = ("world", "measure", "model", "since move [s]", "mean", "95 %", "below cold", "95 %", "forecasts", "users")

#: Columns of the table in LaTeX.
COLUMNS = {
    "world": "world",
    "measure": "measure",
    "arm": "model",
    "from_s": "from [s]",
    "to_s": "to [s]",
    "mean": "mean",
    "mean_interval": "95 % interval",
    "users": "users",
}


class World(NamedTuple):
    """One kind of movement, and the constants chosen for it."""

    name: str
    model: str
    constants: Constants


@dataclass(frozen=True)
class TwinTransferStudy:
    """Forecasts after moves, by what the twin knew.

    Attributes:
        scores: by world, measure, time since the move and arm.
        worlds: what moved, and the constants of Eq. 34 there.
        norms: by reading of Eq. 34, the length of a chain's counts after 0, 1, ... moves over that at first [1].
        skipped: worlds that could not be looked at, and why.
        seed: root seed.
        quick: whether with fewer users, seeds and seconds.
    """

    scores: tuple[Score, ...]
    worlds: tuple[World, ...]
    norms: dict[str, tuple[float, ...]]
    skipped: tuple[str, ...]
    seed: int
    quick: bool

    def rows(self) -> list[tuple[str, ...]]:
        """The scores as text, in the order of `HEADER`."""
        return [_row(score) for score in self.scores]

    def table_rows(self) -> list[dict[str, Any]]:
        """The scores as numbers, for CSV and LaTeX; intervals as pairs."""
        rows = []
        for score in self.scores:
            facts = score.to_json()
            facts["mean_interval"] = [facts.pop("low"), facts.pop("high")]
            facts["below_cold_interval"] = [facts.pop("below_cold_low"), facts.pop("below_cold_high")]
            rows.append(facts)
        return rows

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "seed": self.seed,
            "quick": self.quick,
            "scores": [score.to_json() for score in self.scores],
            "constants": {w.name: {"model": w.model, **w.constants._asdict()} for w in self.worlds},
            "norm_over_first": {reading: list(norms) for reading, norms in self.norms.items()},
            "skipped": list(self.skipped),
        }

    def markdown(self) -> str:
        """A section of a report: the table, the constants, and what was skipped."""
        lines = ["## Twins that take their models along", "", *table(HEADER, self.rows()), ""]
        for world in self.worlds:
            rho, fading, decay_s = world.constants
            lines.append(f"- {world.name}: {world.model}, rho {rho:g}; decaying from {fading:g} within {decay_s:g} s.")
        growth = ", ".join(f"{reading} {norms[-1]:.3g}" for reading, norms in self.norms.items())
        lines.append(f"- Length of a model after {MOVES} moves by Eq. 34 with rho 1, over that at first: {growth}.")
        return "\n".join([*lines, *(f"- Skipped: {reason}." for reason in self.skipped)]) + "\n"


def _row(score: Score) -> tuple[str, ...]:
    digits, unit = (1, " %") if score.measure.startswith("top") else (2, " m")
    scale = 100.0 if unit == " %" else 1.0
    mean, low, high = (f"{scale * value:.{digits}f}" for value in (score.mean, score.low, score.high))
    below = ("-", "-")
    if unit == " m":
        ends = (score.below_cold, score.below_cold_low, score.below_cold_high)
        least, middle, most = (f"{100 * value:.1f}" for value in (ends[1], ends[0], ends[2]))
        below = (f"{middle} %", f"{least} to {most}")
    span = f"{score.from_s:g} to {score.to_s:g}"
    counts = (str(score.forecasts), str(score.users))
    return (score.world, score.measure, score.arm, span, mean + unit, f"{low} to {high}", *below, *counts)
