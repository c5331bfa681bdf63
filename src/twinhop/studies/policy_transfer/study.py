"""The experiment as a whole: units, what their curves come to, and the files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.io.folders import owned, require_writable, staging
from twinhop.io.json_text import json_text
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import write_table
from twinhop.processes import Progress, in_processes
from twinhop.result import Result
from twinhop.studies.lu2021.runner import prepare_jax
from twinhop.studies.policy_transfer.figure import draw_policy_transfer
from twinhop.studies.policy_transfer.results import COLUMNS, PolicyTransfer
from twinhop.studies.policy_transfer.shifts import CITY, SHIFTS, TRAJECTORIES
from twinhop.studies.policy_transfer.unit import Unit, do_unit, finished, is_done
from twinhop.studies.policy_transfer.worlds import city_files
from twinhop.studies.twin_transfer.figure import draw_twin_transfer
from twinhop.studies.twin_transfer.results import COLUMNS as TWIN_COLUMNS
from twinhop.studies.twin_transfer.results import TwinTransferStudy
from twinhop.studies.twin_transfer.study import twin_transfer_study
from twinhop.text import counted, in_a_line

SEEDS, ITERATIONS, EVERY, WORLDS, JUDGED = 10, 300, 25, 100, 20
QUICK_SEEDS, QUICK_ITERATIONS, QUICK_SHIFTS = 2, 100, ("users", "load", "dear")
NAME, TWINS, REPORT = "policy-transfer", "twin-transfer", "transfer.md"


@dataclass(frozen=True)
class TransferReproduction(Result):
    """Both things that can move with a user.

    Attributes:
        policies: what learned policies gain.
        twins: what models of users gain.
        files: what was written.
    """

    policies: PolicyTransfer
    twins: TwinTransferStudy
    files: tuple[Path, ...] = ()

    def __repr__(self) -> str:
        shifts = counted(len(self.policies.shifts), "shift")
        return in_a_line(self, shifts, counted(len(self.files), "file"))

    def rows(self) -> list[dict[str, Any]]:
        """A row an arm of each shift: what learned policies gain."""
        return self.policies.table_rows()


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
        MissingExtra: packages of the extra are not installed.
        InputError: an argument is not accepted, or the folder holds results of other constants.
    """
    require_extra("learn", "reproduce transfer")
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
            stack.enter_context(owned(root))
        left = [unit for unit in units if not is_done(unit, root)]
        _do([(unit, root, root_data) for unit in left], root, processes, on_progress)
        results = finished(units[0], root)
        policies = PolicyTransfer(results, tuple(skipped))
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
    accepted = [shift.name for shift in SHIFTS]
    names = list(shifts or (QUICK_SHIFTS if quick else accepted))
    for name in names:
        if name not in accepted:
            raise InputError(f"--shifts: no shift is named '{name}'; accepted: {', '.join(accepted)}")
    count = seeds if seeds is not None else QUICK_SEEDS if quick else SEEDS
    updates = iterations if iterations is not None else QUICK_ITERATIONS if quick else ITERATIONS
    if count < 1:
        raise InputError(f"--seeds: got {count}; expected at least 1")
    if updates < 4 * EVERY or updates % (2 * EVERY):
        raise InputError(f"--iterations: got {updates}; expected a multiple of {2 * EVERY}, at least {4 * EVERY}")
    skipped = []
    if any(shift.trajectory == CITY for shift in SHIFTS if shift.name in names) and city_files(data) is None:
        skipped.append(
            f"the shift of San Francisco, whose files are not in {data or 'the data, of which none are given'}"
        )
        names = [shift.name for shift in SHIFTS if shift.name in names and shift.trajectory != CITY]
    if not names:
        raise InputError("--shifts: none is left; give --data, or other shifts")
    units = []
    for own in range(first, first + count):
        for trajectory in TRAJECTORIES:
            here = tuple(shift.name for shift in SHIFTS if shift.name in names and shift.trajectory == trajectory)
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
    with staging(folder) as aside:
        write_transfer(policies, twins, aside)
        names = sorted(path.name for path in aside.iterdir())
    return [folder / name for name in names]


def write_transfer(policies: PolicyTransfer, twins: TwinTransferStudy, folder: Path) -> None:
    """Write answer, report, tables and figures into a folder that is there already."""
    both = {"policies": policies.to_json(), "twins": twins.to_json()}
    (folder / f"{NAME}.json").write_text(json_text(both), encoding="utf-8")
    (folder / REPORT).write_text(transfer_report(policies, twins), encoding="utf-8")
    write_table(folder, NAME, policies.table_rows(), COLUMNS)
    write_table(folder, TWINS, twins.table_rows(), TWIN_COLUMNS)
    save_figure(draw_policy_transfer(policies), folder, NAME)
    save_figure(draw_twin_transfer(twins), folder, TWINS)


def transfer_report(policies: PolicyTransfer, twins: TwinTransferStudy) -> str:
    """The report in Markdown."""
    return policies.markdown() + "\n" + twins.markdown()
