"""The experiment as a whole: units, what their curves come to, and the files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from twinhop.errors import InputError
from twinhop.output.markdown import table
from twinhop.output.plans.plan_files import require_writable, staging
from twinhop.placement.problem import FloatArray
from twinhop.runs.processes import Progress, in_processes
from twinhop.studies.lu2021.bands import Band, band, interval
from twinhop.studies.lu2021.runner import prepare_jax
from twinhop.studies.policy_transfer.shifts import CITY, SHIFTS, TRAJECTORIES, Shift
from twinhop.studies.policy_transfer.unit import LITERAL, SCRATCH, Unit, do_unit, is_done, kept
from twinhop.studies.policy_transfer.worlds import city_files
from twinhop.studies.twin_transfer.study import TwinTransferStudy, twin_transfer_study

SEEDS, ITERATIONS, EVERY, WORLDS, JUDGED = 10, 300, 25, 100, 20
QUICK_SEEDS, QUICK_ITERATIONS, QUICK_SHIFTS = 2, 100, ("users", "load", "dear")
HARD, NEAR, EARLY = 0.01, 0.005, 0.25
"""Zero-shot is hard from so much above the final cost of scratch, near is so much above it; early in the updates."""
NAME, FIGURE, REPORT = "policy-transfer", "policy-transfer.png", "transfer.md"
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
    "verdict",
)


class Row(NamedTuple):
    """What an arm comes to in a shift, against training from scratch there."""

    shift: Shift
    arm: str
    zero_shot: float
    """mean gap of what is taken over, before the first update [1]"""
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
    """mean gap at the end [1]"""
    interval: tuple[float, float] | None
    """its 95 % interval"""
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
        return list(next(unit["shifts"][shift.name] for unit in self.units if shift.name in unit["shifts"]))

    def curves(self, shift: Shift, arm: str, measure: str = "calibrated") -> FloatArray:
        """(seeds, P) gaps to the bound [1], or lengths of the weights."""
        found = [unit["shifts"][shift.name][arm][measure] for unit in self.units if shift.name in unit["shifts"]]
        return np.array(found, float)

    def band(self, shift: Shift, arm: str, measure: str = "calibrated") -> Band:
        """The interquartile mean over seeds, with its 95 % band."""
        return band([self.curves(shift, arm, measure)])

    def rows(self) -> list[Row]:
        """Every arm of every shift."""
        return [self._row(shift, arm) for shift in self.shifts for arm in self.arms(shift)]

    def is_hard(self, shift: Shift) -> bool:
        """Whether weights taken over as they are cost more than 1 % above training from scratch."""
        zero, scratch = self.curves(shift, "fine-tune")[:, 0].mean(), self.curves(shift, SCRATCH)[:, -1].mean()
        return bool(1 + zero > (1 + HARD) * (1 + scratch))

    def _row(self, shift: Shift, arm: str) -> Row:
        curves, scratch = self.curves(shift, arm), self.curves(shift, SCRATCH)
        final, ends = scratch[:, -1].mean(), interval([curves[:, -1]])
        near, within = (self._reached(curves, final, more) for more in (NEAR, 2 * NEAR))
        seconds = [unit["shifts"][shift.name][arm]["seconds"] for unit in self.units if shift.name in unit["shifts"]]
        above = np.maximum(scratch.mean(axis=0) - final, 0.0).sum()
        return Row(
            shift=shift,
            arm=arm,
            zero_shot=float(curves[:, 0].mean()),
            jump_start=float(scratch[:, 0].mean() - curves[:, 0].mean()),
            near=near,
            within=within,
            seconds=None if within is None else within * float(np.mean(seconds)),
            area=float(1.0 - np.maximum(curves.mean(axis=0) - final, 0.0).sum() / above) if above > 0 else 0.0,
            final=float(curves[:, -1].mean()),
            interval=None if ends is None else ends[1:],
            verdict=self._verdict(shift, arm, near),
        )

    def _reached(self, curves: FloatArray, final: float, more: float) -> float | None:
        """Share of the updates after which the mean cost stays within so much of the final one of scratch."""
        out = np.flatnonzero(1 + curves.mean(axis=0) > (1 + more) * (1 + final))
        first = 0 if out.size == 0 else int(out[-1]) + 1
        return None if first >= curves.shape[1] else float(self.updates[first] / self.updates[-1])

    def _verdict(self, shift: Shift, arm: str, near: float | None) -> str:
        if arm == SCRATCH:
            return "hard shift" if self.is_hard(shift) else "zero-shot is there"
        own, scratch = (interval([self.curves(shift, each)[:, -1]]) for each in (arm, SCRATCH))
        if own is not None and scratch is not None and own[1] > scratch[2]:
            return "negative transfer"
        if near is None:
            return "not reached"
        if near > EARLY:
            return "late"
        return "early, apart" if self._is_apart(shift, arm) else "early"

    def _is_apart(self, shift: Shift, arm: str) -> bool:
        """Whether the intervals of the arm and of scratch do not overlap after a quarter of the updates."""
        at = int(np.searchsorted(self.updates, EARLY * self.updates[-1]))
        own, scratch = (interval([self.curves(shift, each)[:, at]]) for each in (arm, SCRATCH))
        return own is not None and scratch is not None and own[2] < scratch[1]

    def source_s(self) -> dict[str, dict[str, float]]:
        """Mean processor time of learning along each trajectory, by how prices were there [s]."""
        found: dict[str, dict[str, float]] = {}
        for name in TRAJECTORIES:
            each = [unit["source_s"] for unit in self.units if unit["unit"]["trajectory"] == name]
            if each:
                found[name] = {prices: float(np.mean([one[prices] for one in each])) for prices in each[0]}
        return found

    def to_json(self) -> dict[str, Any]:
        """The table as plain values."""
        rows = [{**row._asdict(), "shift": row.shift.name} for row in self.rows()]
        return {"rows": rows, "source_s": self.source_s(), "skipped": list(self.skipped)}

    def markdown(self) -> str:
        """A section of a report."""
        unit = self.units[0]["unit"]
        lines = [
            "## Policies that go where their users go",
            "",
            f"{len({each['unit']['seed'] for each in self.units})} seeds, {unit['iterations']} updates in each target, "
            f"{unit['judged']} worlds to be judged on. Gaps are above certified bounds, decoded with load calibration.",
            "",
            *table(HEADER, [row_in_words(row) for row in self.rows()]),
            "",
        ]
        for name, seconds in self.source_s().items():
            told = " and ".join(f"{value:.1f} s ({prices})" for prices, value in seconds.items())
            lines.append(f"- Learning along the trajectory `{name}` took {told} of one core a seed.")
        for shift in self.shifts:
            if LITERAL in self.arms(shift):
                norms = self.curves(shift, LITERAL, "norm").mean(axis=0)
                gap = self.curves(shift, LITERAL)[:, -1].mean()
                growth = f"weights grow {norms[-1] / norms[0]:.3g}-fold, and the gap ends at {100 * gap:.1f} %"
                lines.append(f"- Eq. 34 as printed, `{shift.name}`: {growth}.")
        return "\n".join([*lines, *(f"- Skipped: {reason}." for reason in self.skipped)]) + "\n"


@dataclass(frozen=True)
class TransferReproduction:
    """Both things that can move with a user.

    Attributes:
        policies: what learned policies gain.
        twins: what models of users gain.
        files: what was written.
    """

    policies: PolicyTransfer
    twins: TwinTransferStudy
    files: tuple[Path, ...] = ()


def reproduce_transfer(
    *,
    quick: bool = False,
    seeds: int | None = None,
    iterations: int | None = None,
    shifts: Sequence[str] | None = None,
    data: str | Path | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> TransferReproduction:
    """Run the experiment, or what is left of it.

    Args:
        quick: three shifts, two seeds and 100 updates, and fewer twins.
        seeds: how many; None: ten, or two of a quick run.
        iterations: updates in each target, a multiple of 25 and at least 100; None: 300, or 100 of a quick run.
        shifts: names of `shifts.SHIFTS`; None: all, or three of a quick run.
        data: folder with the real data; what is not there is skipped and named.
        out: folder; runs that are finished in it are not done again.
        jobs: processes; None: one a core.
        seed: root seed of the twins, and the first one of the policies.
        on_progress: told how many runs are done, and how many there are.

    Raises:
        InputError: an argument is not accepted, or the folder holds results of other constants.
    """
    root_data = None if data is None else Path(data)
    units, skipped = _units(quick, seeds, iterations, shifts, root_data, seed)
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: got {jobs}; expected a whole number >= 1")
    processes = min(os.cpu_count() or 1 if jobs is None else jobs, len(units))
    with ExitStack() as stack:
        if out is None:
            root = Path(stack.enter_context(TemporaryDirectory(prefix="twinhop-")))
        else:
            require_writable(out)
            root = Path(out)
        left = [unit for unit in units if not is_done(unit, root)]
        _do([(unit, root, root_data) for unit in left], root, processes, on_progress)
        found = tuple(result for unit in units if (result := kept(unit, root)) is not None)
        policies = PolicyTransfer(found, tuple(skipped))
        twins = twin_transfer_study(quick, seed, root_data)
        files = () if out is None else tuple(_save(policies, twins, root))
    return TransferReproduction(policies, twins, files)


def _units(
    quick: bool,
    seeds: int | None,
    iterations: int | None,
    shifts: Sequence[str] | None,
    data: Path | None,
    first: int,
) -> tuple[list[Unit], list[str]]:
    known = [shift.name for shift in SHIFTS]
    asked = list(shifts or (QUICK_SHIFTS if quick else known))
    for name in asked:
        if name not in known:
            raise InputError(f"--shifts: no shift is named '{name}'; accepted: {', '.join(known)}")
    count = seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS
    updates = iterations if iterations is not None else QUICK_ITERATIONS if quick else ITERATIONS
    if count < 1:
        raise InputError(f"--seeds: got {count}; expected at least 1")
    if updates < 4 * EVERY or updates % (2 * EVERY):
        raise InputError(f"--iterations: got {updates}; expected a multiple of {2 * EVERY}, at least {4 * EVERY}")
    skipped = []
    if any(shift.trajectory == CITY for shift in SHIFTS if shift.name in asked) and city_files(data) is None:
        skipped.append(
            f"the shift of San Francisco, whose files are not in {data or 'the data, of which none are given'}"
        )
        asked = [shift.name for shift in SHIFTS if shift.name in asked and shift.trajectory != CITY]
    if not asked:
        raise InputError("--shifts: none is left; give --data, or other shifts")
    units = []
    for own in range(first, first + count):
        for trajectory in TRAJECTORIES:
            here = tuple(shift.name for shift in SHIFTS if shift.name in asked and shift.trajectory == trajectory)
            if here:
                units.append(Unit(trajectory, own, updates, EVERY, WORLDS, JUDGED, here))
    return units, skipped


def _do(
    jobs: Sequence[tuple[Unit, Path, Path | None]], root: Path, processes: int, on_progress: Progress | None
) -> None:
    prepare_jax(root)
    sizes = [len(unit.shifts) for unit, _, _ in jobs]
    if processes > 1 and len(jobs) > 1:
        in_processes(do_unit, jobs, sizes, processes, on_progress)
        return
    for at, job in enumerate(jobs):
        do_unit(job)
        if on_progress is not None:
            on_progress(sum(sizes[: at + 1]), sum(sizes))


def _save(policies: PolicyTransfer, twins: TwinTransferStudy, folder: Path) -> list[Path]:
    from twinhop.studies.policy_transfer.figure import draw_policy_transfer

    with staging(folder) as aside:
        both = {"policies": policies.to_json(), "twins": twins.to_json()}
        (aside / f"{NAME}.json").write_text(json.dumps(both, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        (aside / REPORT).write_text(policies.markdown() + "\n" + twins.markdown(), encoding="utf-8")
        draw_policy_transfer(policies).savefig(aside / FIGURE)
        twins.draw(aside / "twin-transfer.png")
        names = sorted(path.name for path in aside.iterdir())
    return [folder / name for name in names]


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
        row.verdict,
    )
