"""What a solve of a sparse problem will need, said before it is allocated."""

from __future__ import annotations

from pathlib import Path

from twinhop.errors import InputError
from twinhop.placement.sparse.problem import SparseProblem

#: Bytes a user: its columns in the order of rows, prices, ceilings, plans, and what pricing a plan takes for a moment.
A_USER, A_USER_WITH_DEADLINES = 170, 250
#: Bytes a place in the table of candidates.
A_PLACE = 44
#: Bytes a row and group of omitted stations.
A_GROUP = 40
#: Bytes a station: sums of each block of users.
A_STATION = 64 * 9 * 8
#: Of the memory that is free, a solve may take so much.
MOST = 0.9
#: Compiled functions and the interpreter [bytes].
BASE = 250_000_000


def foreseen_bytes(problem: SparseProblem) -> int:
    """What a solve needs beside the problem, at most, where the candidates are not widened."""
    groups = problem.omitted_delay_s.size
    users = problem.users * (A_USER_WITH_DEADLINES if problem.has_deadlines else A_USER)
    return BASE + users + problem.station.size * A_PLACE + groups * A_GROUP + problem.stations * A_STATION


def free_bytes() -> float:
    """The memory that programs may still take on this machine; inf where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    for line in lines:
        if line.startswith("MemAvailable:"):
            return 1024.0 * int(line.split()[1])
    return float("inf")


def require_memory(problem: SparseProblem, limit: float | None = None) -> int:
    """Refuse a problem whose solve would not fit.

    Args:
        problem: the problem.
        limit: bytes that it may take; None: most of what is free.

    Returns:
        The bytes foreseen.

    Raises:
        InputError: with how many users, or how many candidates, would fit.
    """
    needed = foreseen_bytes(problem)
    room = MOST * free_bytes() if limit is None else limit
    if needed <= room:
        return needed
    fixed = needed - BASE
    share = max(0.0, (room - BASE) / fixed)
    fits = f"about {int(share * problem.users)} users" if share > 0 else "none"
    raise InputError(
        f"memory: {problem.users} users x {problem.candidates} candidates need {needed / 1e9:.3g} GB, "
        f"{room / 1e9:.3g} GB are to be had; expected a problem that fits ({fits} of the same kind do)"
    )
