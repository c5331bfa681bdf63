"""The data of a page from a folder that `simulate --out` or `world --out` has written, also before there were pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.json_text import read_json
from twinhop.output.page.run_data import ShownRun, run_data
from twinhop.output.page.world_data import world_data_of_files
from twinhop.runs.simulation import MEASURES
from twinhop.runs.simulation_folder import IDENTITY, UNFINISHED, SimulationFolder
from twinhop.runs.simulation_offline import OF_SLOTS, OfflineResult, read_offline

SIMULATION, STATISTICS = "simulation.json", "statistics.json"
#: What the answers must say, at least.
OF_SIMULATION = {"source", "seeds", "slots", "slot_s", "policies", "notes", "attribution", "offline"}
OF_STATISTICS = {"source", "seed", "slots", "slot_s", "moved_by", "notes", "attached_users_mean", "down_share"}
PLACES_NOTE = "Made from the files of the run: labels of stations, the backhaul and sizes of twins are not in them."


def folder_data(folder: Path) -> dict[str, Any] | None:
    """The data of the page of a run or world whose files are in a folder.

    Args:
        folder: any.

    Returns:
        The data; None where neither `twinhop simulate` nor `twinhop world` has written it.

    Raises:
        InputError: the run is not finished, or a file is missing or damaged.
    """
    if (folder / SIMULATION).is_file():
        return _of_simulation(folder)
    if (folder / IDENTITY).is_file():
        begun = sorted(path.relative_to(folder) for path in folder.glob(f"seed-*/*{UNFINISHED}"))
        where = f" ({begun[0]} was begun)" if begun else ""
        raise InputError(
            f"{folder}: holds a simulation that is not finished{where}; run the same `twinhop simulate` with --out "
            f"{folder} again: it goes on"
        )
    if (folder / STATISTICS).is_file():
        facts = _answer(folder / STATISTICS, OF_STATISTICS)
        with _fitting(folder / STATISTICS, "holds what its tables do not have, or another kind of it"):
            return _noted(world_data_of_files(folder, facts))
    return None


def _of_simulation(folder: Path) -> dict[str, Any]:
    path = SimulationFolder(folder)
    with _fitting(folder / SIMULATION, "has no policies"):
        facts = _completed(_answer(folder / SIMULATION, OF_SIMULATION))
        seed = facts["policies"][0]["runs"][0]["seed"]
        folders = [path.run(row["policy"], seed) for row in facts["policies"]]
    for each in folders:
        if not each.is_dir():
            raise InputError(
                f"{folder}: has no {each.relative_to(folder)}, the run of a policy in {SIMULATION}; run "
                f"`twinhop simulate` with --out {folder} again: it makes what is missing"
            )
    with _fitting(folder / SIMULATION, "lacks figures of a policy, or has other ones than its tables"):
        return _noted(run_data(ShownRun(facts, 0, folders, _offline(path, facts, seed), None)))


@contextmanager
def _fitting(answer: Path, what: str) -> Iterator[None]:
    """Inside, an answer that someone has edited, or that is of other tables, is an error of one line."""
    try:
        yield
    except InputError:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError):
        raise InputError(f"{answer}: {what}; run the command with --out {answer.parent} again") from None


def _completed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The answer with the figures that versions of before did not give, as unknown."""
    unknown = dict.fromkeys(MEASURES)
    rows = [{**unknown, **row, "runs": [{**unknown, **run} for run in row["runs"]]} for row in facts["policies"]]
    return {"failures": [], **facts, "policies": rows}


def _offline(path: SimulationFolder, facts: Mapping[str, Any], seed: int) -> OfflineResult | None:
    """The bound, if the answer was given with one: the file may be of another command into the same folder."""
    if not facts["offline"]:
        return None
    known = read_offline(path.offline(seed))
    if known is not None and any(len(getattr(known, name)) not in (0, facts["slots"]) for name in OF_SLOTS):
        raise InputError(f"{path.offline(seed)}: is of another number of slots than {facts['slots']}; delete it")
    return known


def _noted(page: dict[str, Any]) -> dict[str, Any]:
    return {**page, "notes": [*page["notes"], PLACES_NOTE]}


def _answer(path: Path, needed: set[str]) -> dict[str, Any]:
    answer = read_json(path)
    missing = sorted(needed - set(answer)) if isinstance(answer, dict) else sorted(needed)
    if missing:
        raise InputError(
            f"{path}: has no {missing[0]!r}: nothing that this version of twinhop makes a page of; run the command "
            "with --out again"
        )
    return answer
