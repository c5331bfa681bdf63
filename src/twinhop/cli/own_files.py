"""Which files in an output folder an earlier run has written: those may be replaced, files of the user's own not."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from twinhop.errors import InputError
from twinhop.io.folders import as_folder, require_writable
from twinhop.output.kit.tables import NEEDS
from twinhop.output.page.container import DATA_FILE
from twinhop.output.page.files import PAGE_FILE
from twinhop.output.page.shell import BEGINNING

#: Keys that the JSON files have, at least; a folder with one of these files is one that a run has written.
KEYS = {
    "benchmark.json": {"version", "leaderboard"},
    "comparison.json": {"source", "bound_by"},
    "describe.json": {"possible_hosts", "seats"},
    "episodes.json": {"source", "task", "costs"},
    "evaluation.json": {"checkpoint", "sources"},
    "failures.json": {"source", "failures", "together"},
    "map.geojson": {"twinhop", "features"},
    "placement.json": {"source", "policy", "cost"},
    "pricing.json": {"source", "priced_plan", "hours"},
    "replay.json": {"devices", "samples"},
    "robustness.json": {"source", "load", "samples"},
    "simulation.json": {"source", "slots", "moved_by"},
    "simulation_of.json": {"version", "slots", "scenario"},
    "statistics.json": {"slots", "moved_by"},
    "together.json": {"source", "planned_together", "robust"},
    "tradeoff.json": {"source", "fewest", "most"},
}
#: What the first line of a report or table begins with.
HEADINGS = {
    "associations.csv": ("user,host,",),
    "attached.csv": ("station,users_mean,",),
    "benchmark.csv": ("task,kind,",),
    "changes.csv": ("what,name,",),
    "comparison.csv": ("policy,cost,", "policy,worlds,"),
    "describe.csv": ("what,mean,",),
    "evaluation.csv": ("source,policy,",),
    "hours.csv": ("hour,users,",),
    "failures.csv": ("stations,status,",),
    "leaderboard.csv": ("kind,policy,",),
    "moves.csv": ("step,user,",),
    "policies.csv": ("policy,",),
    "robustness.csv": ("what,planned,",),
    "servers.csv": ("station_id,station,",),
    "statistics.csv": ("what,mean,",),
    "together.csv": ("case,",),
    "tradeoff.csv": ("servers,status,",),
    "users.csv": ("user_id,user,",),
    "comparison.md": ("# Policies on ",),
    "episodes.md": ("# Policies in ",),
    "evaluation.md": ("# ",),
    "failures.md": ("# What if servers of ",),
    "leaderboard.md": ("# Leaderboard",),
    "pricing.md": ("# ",),
    "replay.md": ("# Replay",),
    "report.html": (BEGINNING,),
    "report.md": ("# Plan of ", "# Simulation of "),
    "together.md": ("# One plan for ",),
    "tradeoff.md": ("# Cost of ",),
}
#: What the content of other files begins with.
BEGINNINGS = {
    ".png": b"\x89PNG\r\n",
    ".pdf": b"%PDF-",
    ".svg": b"<?xml",
    ".gif": b"GIF8",
    ".parquet": b"PAR1",
    ".mp4": b"\x00\x00\x00",
    ".xlsx": b"PK\x03\x04",
    ".tex": NEEDS.encode(),
    ".gz": b"\x1f\x8b",
}
#: The page and its data.
PAGE = (PAGE_FILE, DATA_FILE)
#: Figures may be of any of these formats.
FIGURES = (".png", ".pdf", ".svg")
#: What each command writes into its folder.
FILES = {
    "benchmark": (
        *("benchmark.json", "benchmark.parquet", "benchmark.csv"),
        *("leaderboard.md", "leaderboard.csv", "leaderboard.tex", "leaderboard.png", "profile.png"),
    ),
    "compare": (
        *(f"comparison.{suffix}" for suffix in ("json", "md", "parquet", "csv", "xlsx", "tex", "png")),
        "profile.png",
        *PAGE,
    ),
    "describe": tuple(f"describe.{suffix}" for suffix in ("json", "csv", "tex", "png")),
    "episodes": ("episodes.json", "episodes.md", "episodes.csv", "episodes.tex", "episodes.png"),
    "evaluate": tuple(f"evaluation.{suffix}" for suffix in ("json", "md", "csv", "tex", "png")),
    "plan": (
        *("placement.json", "report.md", "associations.parquet", "associations.csv"),
        *("placement.parquet", "prices.parquet", "servers.csv", "users.csv", "moves.csv", "changes.csv", "plan.xlsx"),
        *("map.geojson", "map.png"),
        *PAGE,
    ),
    "price": ("pricing.json", "pricing.md", "hours.csv", "hours.tex", "hours.png"),
    "failures": (
        *("placement.json", "report.md", "associations.parquet", "associations.csv", "map.geojson", "map.png"),
        *("servers.csv", "users.csv", "moves.csv", "changes.csv", "plan.xlsx"),
        *(f"failures.{suffix}" for suffix in ("json", "md", "csv", "tex", "png")),
        *PAGE,
    ),
    "replay": (
        *("replay.json", "replay.md", "replay.parquet", "policies.csv", "policies.tex"),
        *("errors.png", "forecasts.png", "paths.png"),
    ),
    "robustness": tuple(f"robustness.{suffix}" for suffix in ("json", "parquet", "csv", "tex", "png")),
    "simulate": (
        *("simulation_of.json", "simulation.json", "timing.json", "report.md", "costs.png", "series.png", "hosts.png"),
        *("map.png", "simulation.gif", "simulation.mp4", "policies.csv", "policies.tex"),
        *PAGE,
    ),
    "together": (
        *(f"together.{suffix}" for suffix in ("json", "md", "csv", "tex", "png")),
        *("hosts.parquet", "placement.json", "map.png"),
        *PAGE,
    ),
    "tradeoff": (
        *(f"tradeoff.{suffix}" for suffix in ("json", "md", "parquet", "csv", "xlsx", "tex", "png")),
        *PAGE,
    ),
    "world": (
        *(
            "statistics.json",
            "statistics.csv",
            "statistics.tex",
            "statistics.png",
            "attached.csv",
            "world.parquet",
            "stations.parquet",
        ),
        *("map.png", "world.gif", "world.mp4", *PAGE),
    ),
}
#: Commands that write a plan, and the JSON file of each: what is of one plan is not of the next.
OF_ONE_PLAN = {"plan": "placement.json", "failures": "failures.json", "together": "together.json"}
#: Files of the user's own that are named.
NAMED = 3


#: The command that writes each answer whose folder has a page.
WRITERS = {
    "failures.json": "plan --without each",
    "together.json": "plan --hours",
    "placement.json": "plan",
    "comparison.json": "compare",
    "tradeoff.json": "tradeoff",
    "simulation.json": "simulate",
    "statistics.json": "world",
}


def writer_of(folder: Path) -> str | None:
    """The command whose answer is in a folder; None where there is none of those that have a page."""
    return next((by for name, by in WRITERS.items() if _is_own_json(folder / name)), None)


def require_own(out: Path | None, command: str, force: bool) -> None:
    """Refuse an output folder now rather than after a long solve.

    Args:
        out: the folder; None: nothing is written.
        command: what writes there, of `FILES`.
        force: whether files of the user's own may be replaced.

    Raises:
        InputError: it cannot be written, or holds files of these names that no run has written.
    """
    if out is None:
        return
    folder = as_folder(out)
    foreign = [] if force else list(_foreign(folder, command))
    if foreign:
        more = f" and {len(foreign) - NAMED} more" if len(foreign) > NAMED else ""
        raise InputError(
            f"{folder}: {', '.join(foreign[:NAMED])}{more}: not written by twinhop, and would be replaced; choose "
            "another folder, or replace with --force"
        )
    require_writable(folder)


def earlier_files(folder: Path, command: str) -> list[Path]:
    """The files that an earlier run of a command has written into a folder; none where the command's JSON is not there.

    Beside a plan these are also what the other commands that plan have written: tables of failures, say, of a plan that
    is about to be replaced. What no run has written is not among them.

    Args:
        folder: may be missing.
        command: of `FILES`.
    """
    found: dict[Path, None] = {}
    for each in OF_ONE_PLAN if command in OF_ONE_PLAN else (command,):
        answer = folder / (OF_ONE_PLAN.get(each) or next(name for name in FILES[each] if name in KEYS))
        if _is_own_json(answer):
            paths = (folder / name for name in _names(each))
            found |= {path: None for path in paths if path.is_file() and _may_be_own(path)}
    return list(found)


def earlier_page(folder: Path | None, command: str) -> list[Path]:
    """The page of an earlier run: a run without one would leave it beside data that it does not show."""
    return [] if folder is None else [path for path in earlier_files(folder, command) if path.name == PAGE_FILE]


def remove_stale(earlier: Sequence[Path], written: Sequence[Path]) -> list[Path]:
    """Remove those files of an earlier run that the last one has not replaced, and return them."""
    new = {path.name for path in written}
    stale = [path for path in earlier if path.name not in new]
    for path in stale:
        path.unlink(missing_ok=True)
    return stale


def _foreign(folder: Path, command: str) -> Iterator[str]:
    there = [name for name in _names(command) if (folder / name).is_file()]
    if there:
        is_own_folder = any(_is_own_json(folder / name) for name in KEYS)
        yield from (name for name in there if not (is_own_folder and _may_be_own(folder / name)))


def _names(command: str) -> Iterator[str]:
    """What a command may write, figures in each format."""
    for name in FILES[command]:
        stem, dot, suffix = name.rpartition(".")
        yield from (f"{stem}{each}" for each in FIGURES) if dot + suffix == ".png" else (name,)


def _may_be_own(path: Path) -> bool:
    """Whether a file in a folder that a run has written is such a file."""
    if path.name in KEYS:
        return _is_own_json(path)
    beginning = _beginning(path)
    if path.name in HEADINGS:
        return beginning.decode("utf-8", "replace").startswith(HEADINGS[path.name])
    return beginning.startswith(BEGINNINGS.get(path.suffix, b""))


def _is_own_json(path: Path) -> bool:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(value, dict) and value.keys() >= KEYS[path.name]


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(64)
    except OSError:
        return b""
