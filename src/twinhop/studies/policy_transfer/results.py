"""What the study of policies that move comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from twinhop.output.kit.tables import table
from twinhop.placement.problem import FloatArray
from twinhop.stats.apart import lies_above
from twinhop.stats.bootstrap import FEWEST_WORLDS, interquartile_mean, nested_interval
from twinhop.studies.policy_transfer.shifts import SHIFTS, TRAJECTORIES, Shift
from twinhop.studies.policy_transfer.unit import COLLAPSED, EARLY, FINE_TUNE, LITERAL, SCRATCH
from twinhop.studies.policy_transfer.worlds import SEATS
from twinhop.text import counted

HARD, NEAR = 0.01, 0.005
"""Zero-shot is hard from so much above the final cost of scratch, near is so much above it."""
FIRST, QUARTER, LAST = 0, 1, 2
"""Of the points at which single worlds are kept."""
HEADER = (
    "shift",
    "arm",
    "gap zero-shot [%]",
    "jump-start [%]",
    "updates to +0.5 %",
    "updates to +1 %",
    "CPU to +1 % [s]",
    "area saved",
    "final gap [%]",
    "95 %",
    "collapsed",
    "verdict",
)

COLUMNS = {
    "shift": "shift",
    "arm": "arm",
    "zero_shot_percent": "zero-shot [%]",
    "final_percent": "final gap [%]",
    "final_percent_interval": "95 % interval",
    "collapsed": "collapsed",
    "seeds": "seeds",
    "verdict": "verdict",
}
"""Those of the table in LaTeX."""


class Row(NamedTuple):
    """What an arm comes to in a shift, against training from scratch there."""

    shift: Shift
    arm: str
    zero_shot: float
    """gap of what is taken over, before the first update, interquartile mean over seeds [1]"""
    jump_start: float
    """gap of untrained weights less that [1]"""
    near: float | None
    """share of the updates after which the mean cost is within 0.5 % of the final one of scratch; None: never"""
    within: float | None
    """the same, within 1 %"""
    seconds: float | None
    """processor time until then [s]"""
    area: float
    """1 - area under the curve, above the final gap of scratch, over that of scratch [1]"""
    final: float
    """gap at the end, interquartile mean over seeds [1]"""
    interval: tuple[float, float] | None
    """its 95 % interval, over seeds and worlds"""
    collapsed: int
    """how many of the runs end above `COLLAPSED`"""
    seeds: int
    """how many runs there are"""
    verdict: str


@dataclass(frozen=True)
class PolicyTransfer:
    """Curves of all arms in all shifts.

    Attributes:
        units: results by trajectory and seed.
        skipped: what could not be looked at, and why.
    """

    units: tuple[dict[str, Any], ...]
    skipped: tuple[str, ...] = ()

    @property
    def shifts(self) -> list[Shift]:
        """Those that some unit has."""
        return [shift for shift in SHIFTS if any(shift.name in unit["shifts"] for unit in self.units)]

    @property
    def updates(self) -> FloatArray:
        """(P,) updates at the points of the curves."""
        unit = self.units[0]["unit"]
        return np.arange(0, unit["iterations"] + 1, unit["every"], dtype=float)

    def arms(self, shift: Shift) -> list[str]:
        """Names of the arms of a shift."""
        return list(self._of(shift)[0])

    def curves(self, shift: Shift, arm: str, measure: str = "calibrated") -> FloatArray:
        """(seeds, P) gaps to the bound, means over worlds [1], or lengths of the weights."""
        return np.array([each[arm][measure] for each in self._of(shift)], float)

    def interval(self, shift: Shift, arm: str, at: int = LAST) -> tuple[float, float] | None:
        """The 95 % interval of the interquartile mean over seeds, of seeds and worlds; None for fewer than five seeds.

        Args:
            shift: which.
            arm: which.
            at: `FIRST`, `QUARTER` or `LAST`.
        """
        ends = nested_interval(self._worlds(shift, arm, at))
        return None if ends is None else ends[1:]

    def _of(self, shift: Shift) -> list[dict[str, Any]]:
        """Arms by name, of each seed that has the shift."""
        return [unit["shifts"][shift.name] for unit in self.units if shift.name in unit["shifts"]]

    def _worlds(self, shift: Shift, arm: str, at: int) -> list[FloatArray]:
        """(worlds,) gaps of each seed [1]."""
        return [np.array(each[arm]["worlds"][at], float) for each in self._of(shift)]

    def rows(self) -> list[Row]:
        """Every arm of every shift."""
        return [self._row(shift, arm) for shift in self.shifts for arm in self.arms(shift)]

    def is_hard(self, shift: Shift) -> bool:
        """Whether weights taken over as they are cost more than 1 % above training from scratch."""
        zero, scratch = self._middle(shift, FINE_TUNE)[0], self._middle(shift, SCRATCH)[-1]
        return bool(1 + zero > (1 + HARD) * (1 + scratch))

    def _row(self, shift: Shift, arm: str) -> Row:
        curve, scratch = self._middle(shift, arm), self._middle(shift, SCRATCH)
        final, ends = float(scratch[-1]), self.curves(shift, arm)[:, -1]
        near, within = (self._reached(curve, final, more) for more in (NEAR, 2 * NEAR))
        seconds = [each[arm]["seconds"] for each in self._of(shift)]
        above = np.maximum(scratch - final, 0.0).sum()
        return Row(
            shift=shift,
            arm=arm,
            zero_shot=float(curve[0]),
            jump_start=float(scratch[0] - curve[0]),
            near=near,
            within=within,
            seconds=None if within is None else within * float(np.mean(seconds)),
            area=float(1.0 - np.maximum(curve - final, 0.0).sum() / above) if above > 0 else 0.0,
            final=float(curve[-1]),
            interval=self.interval(shift, arm),
            collapsed=int((ends > COLLAPSED).sum()),
            seeds=len(ends),
            verdict=self._verdict(shift, arm, near),
        )

    def _middle(self, shift: Shift, arm: str) -> FloatArray:
        """(P,) interquartile means over seeds, which all columns and the figure are of."""
        return interquartile_mean(self.curves(shift, arm).T)

    def _reached(self, curve: FloatArray, final: float, more: float) -> float | None:
        """Share of the updates after which the cost stays within so much of the final one of scratch."""
        out = np.flatnonzero(1 + curve > (1 + more) * (1 + final))
        first = 0 if out.size == 0 else int(out[-1]) + 1
        return None if first >= len(curve) else float(self.updates[first] / self.updates[-1])

    def _verdict(self, shift: Shift, arm: str, near: float | None) -> str:
        if arm == SCRATCH:
            return "hard shift" if self.is_hard(shift) else "zero-shot is there"
        if self._lies_above(shift, arm, SCRATCH, LAST):
            return "negative transfer"
        if near is None:
            return "not reached"
        if near > EARLY:
            return "late"
        return "early, apart" if self._lies_above(shift, SCRATCH, arm, QUARTER) else "early"

    def _lies_above(self, shift: Shift, arm: str, other: str, at: int) -> bool:
        """Whether the interval of an arm lies above that of another; of three or four seeds see `lies_above`."""
        own, others = self._worlds(shift, arm, at), self._worlds(shift, other, at)
        if len(own) < FEWEST_WORLDS:
            return lies_above([float(each.mean()) for each in own], [float(each.mean()) for each in others])
        ends, beside = self.interval(shift, arm, at), self.interval(shift, other, at)
        assert ends is not None and beside is not None
        return ends[0] > beside[1]

    def uncut(self, shift: Shift) -> dict[str, float]:
        """By arm the gap of its final weights in the city uncut, interquartile mean over seeds [1]; empty elsewhere."""
        arms = [arm for arm in self.arms(shift) if all("uncut" in each[arm] for each in self._of(shift))]
        found = {arm: [float(np.mean(each[arm]["uncut"])) for each in self._of(shift)] for arm in arms}
        return {arm: float(interquartile_mean(np.array(values))) for arm, values in found.items()}

    def source_s(self) -> dict[str, dict[str, float]]:
        """Mean processor time of learning along each trajectory, by how prices were there [s]."""
        seconds: dict[str, dict[str, float]] = {}
        for name in TRAJECTORIES:
            each = [unit["source_s"] for unit in self.units if unit["unit"]["trajectory"] == name]
            if each:
                prices = [name for name in each[0] if all(name in one for one in each)]
                seconds[name] = {price: float(np.mean([one[price] for one in each])) for price in prices}
        return seconds

    def to_json(self) -> dict[str, Any]:
        """The table as plain values."""
        rows = [{**row._asdict(), "shift": row.shift.name} for row in self.rows()]
        return {"rows": rows, "source_s": self.source_s(), "skipped": list(self.skipped)}

    def table_rows(self) -> list[dict[str, Any]]:
        """The table as numbers, for CSV and LaTeX; see `COLUMNS`."""
        return [
            {
                "shift": row.shift.name,
                "arm": row.arm,
                "zero_shot_percent": 100 * row.zero_shot,
                "jump_start_percent": 100 * row.jump_start,
                "updates_to_half_a_percent": row.near,
                "updates_to_one_percent": row.within,
                "core_to_one_percent_s": row.seconds,
                "area_saved": row.area,
                "final_percent": 100 * row.final,
                "final_percent_interval": None if row.interval is None else [100 * end for end in row.interval],
                "collapsed": row.collapsed,
                "seeds": row.seeds,
                "verdict": row.verdict,
            }
            for row in self.rows()
        ]

    def _seeds_in_words(self) -> str:
        """How many seeds there are, by shift where they differ."""
        counts = {shift.name: len(self._of(shift)) for shift in self.shifts}
        if len(set(counts.values())) == 1:
            return counted(next(iter(counts.values())), "seed")
        by_count = {count: [name for name in counts if counts[name] == count] for count in counts.values()}
        return "; ".join(f"{counted(count, 'seed')} of {', '.join(names)}" for count, names in by_count.items())

    def markdown(self) -> str:
        """A section of a report."""
        unit = self.units[0]["unit"]
        lines = [
            "## Policies that go where their users go",
            "",
            f"{self._seeds_in_words()}, {unit['iterations']} updates in each target, {unit['judged']} worlds "
            "of its own to judge each seed on. Gaps are above certified bounds, decoded with load calibration; each is "
            "the interquartile mean over seeds of means over worlds, with the 95 % interval of a bootstrap over both "
            f"from five seeds on. Runs above {100 * COLLAPSED:g} % have collapsed. Opening logits are held back by "
            f"{unit['opening_penalty']:g} times their mean square, but for arms without a penalty.",
            "",
            *table(HEADER, [row_in_words(row) for row in self.rows()]),
            "",
        ]
        for name, seconds in self.source_s().items():
            text = " and ".join(f"{value:.1f} s ({prices})" for prices, value in seconds.items())
            lines.append(f"- Learning along the trajectory `{name}` took {text} of one core a seed.")
        for shift in self.shifts:
            if LITERAL in self.arms(shift):
                norms = self.curves(shift, LITERAL, "norm").mean(axis=0)
                gap = float(interquartile_mean(self.curves(shift, LITERAL)[:, -1]))
                growth = f"weights grow {norms[-1] / norms[0]:.3g}-fold, and the gap ends at {100 * gap:.1f} %"
                lines.append(f"- Eq. 34 as printed, `{shift.name}`: {growth}.")
            uncut = self.uncut(shift)
            if uncut:
                gaps = ", ".join(f"{arm} {100 * gap:.2f} %" for arm, gap in uncut.items())
                where = f"the same weights in all cells of the city, {SEATS} seats each"
                lines.append(f"- `{shift.name}`, {where}: {gaps}.")
        return "\n".join([*lines, *(f"- Skipped: {reason}." for reason in self.skipped)]) + "\n"


def row_in_words(row: Row) -> tuple[str, ...]:
    """A row as text, in the order of `HEADER`."""

    def share(value: float | None) -> str:
        return "-" if value is None else f"{100 * value:.0f} %"

    return (
        row.shift.name,
        row.arm,
        f"{100 * row.zero_shot:.2f}",
        f"{100 * row.jump_start:.2f}",
        share(row.near),
        share(row.within),
        "-" if row.seconds is None else f"{row.seconds:.1f}",
        share(row.area),
        f"{100 * row.final:.2f}",
        "-" if row.interval is None else f"{100 * row.interval[0]:.2f} to {100 * row.interval[1]:.2f}",
        f"{row.collapsed} of {row.seeds}",
        row.verdict,
    )
