"""Making derived state anew from the twins, where no saved one will do."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from twinhop.errors import InputError
from twinhop.live.fold import TwinFold
from twinhop.live.host import Host
from twinhop.live.projections.roster import Roster
from twinhop.live.projections.services import Services

#: Twins that are asked at once.
WINDOW = 50


def rebuild(host: Host, derived: Sequence[Roster | Services]) -> int:
    """Read every twin once, and let what is derived take its state; doors may be open meanwhile.

    Until all are read nothing of it is saved, so that a start in between begins anew.

    Args:
        host: that runs; it blocks whoever calls this, and nobody else.
        derived: what takes it; whole when this returns.

    Returns:
        How many twins were read.

    Raises:
        Stopped: the host has stopped.
    """

    def take(fold: TwinFold) -> None:
        for each in derived:
            each.take(fold)

    count, open_questions = 0, deque()
    for twin in host.twins().result():
        open_questions.append(host.ask(twin, take))
        if len(open_questions) == WINDOW:
            count += _is_there(open_questions.popleft())
    count += sum(map(_is_there, open_questions))
    for each in derived:
        each.is_whole = True
    return count


def _is_there(future) -> bool:
    try:
        future.result()
    except InputError:  # erased meanwhile
        return False
    return True
