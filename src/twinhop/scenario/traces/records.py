"""What every reader of traces yields: batches of records, and the users they belong to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.scenario.column_names import ColumnChoice
from twinhop.scenario.fields import LONGEST_TEXT
from twinhop.scenario.place_sections import MOST_LISTED_USERS
from twinhop.scenario.sanity import is_unplaced
from twinhop.scenario.traces.bad_records import BadRecords

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.int32]

USER, VEHICLE, PERSON, CONTAINER = "user", "vehicle", "person", "container"
BATCH_RECORDS = 100_000
"""Records, about, that a reader hands over at once."""


class Batch(NamedTuple):
    """Records in the order of the file.

    Attributes:
        code: (n,) user, as numbered by the `Roster`.
        time_s: (n,) time in the source [s].
        east: (n,) x [m], or longitude [degree].
        north: (n,) y [m], or latitude [degree].
        first_s: start of the span that the batch covers, where time steps without records count; else None [s].
        until_s: its end [s].
        line: (n,) line of the file, where it has lines worth naming.
        speed_mps: (n,) speed that the file states; NaN where it does not [m/s].
    """

    code: CodeArray
    time_s: FloatArray
    east: FloatArray
    north: FloatArray
    first_s: float | None = None
    until_s: float | None = None
    line: NDArray[np.int64] | None = None
    speed_mps: FloatArray | None = None

    def where(self, mask: NDArray[np.bool_]) -> Batch:
        """The records where the mask is true; the span stays."""
        if mask.all():
            return self
        code, time_s, east, north = (each[mask] for each in (self.code, self.time_s, self.east, self.north))
        line, speed_mps = (None if each is None else each[mask] for each in (self.line, self.speed_mps))
        return self._replace(code=code, time_s=time_s, east=east, north=north, line=line, speed_mps=speed_mps)


def placed_records(batch: Batch, bad: BadRecords) -> Batch:
    """The records without those of vehicles that SUMO had not placed, which are counted."""
    unplaced = is_unplaced(batch.east, batch.north)
    bad.unplaced += int(unplaced.sum())
    return batch.where(~unplaced)


@dataclass(frozen=True)
class ReadOptions:
    """What the user says of a file that does not say it itself.

    Attributes:
        step_s: time from row to row, for formats without times [s].
        time_unit: of `time_unit.TIME_UNITS`; None: told by the numbers.
        time_format: how dates are written, as `datetime.strptime` reads them; None: told by the dates.
        columns: which columns of a table give what, where their names do not tell.
        sort: whether records may come in any order.
        bad: what is done with records that cannot be used.
    """

    step_s: float | None = None
    time_unit: str | None = None
    time_format: str | None = None
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    sort: bool = False
    bad: BadRecords = field(default_factory=BadRecords)


@dataclass
class Reading:
    """A trace that is being read. What only the records tell is complete once the batches are taken.

    Attributes:
        batches: the records; reading happens as they are taken.
        is_geographic: whether positions are longitude and latitude; None where only their range can tell.
        is_assumed: whether that may be wrong, since it is the custom of the format or a header says it that others may
            have left as it was: an option, or the speeds, go before it.
        is_clock: whether times are seconds since 1970-01-01 UTC.
        held_s: for how long a position holds, where it does not lead to the next one [s].
        notes: what the reader did to the records, for the summary.
        attribution: sources and licences.
        is_continuous: whether users are on the straight line between records however long it takes, since records are
            waypoints.
        is_unsorted: whether records come in any order by the nature of the format, and are sorted by time.
        has_empty_steps: whether time steps without records count.
        layout: how the format was laid out, such as what separates columns.
        times: what times are.
        columns_used: columns or attributes that are read.
        columns_unused: those that are not.
    """

    batches: Iterator[Batch]
    is_geographic: bool | None
    is_assumed: bool = False
    is_clock: bool = False
    held_s: float | None = None
    notes: list[str] = field(default_factory=list)
    attribution: tuple[str, ...] = ()
    is_continuous: bool = False
    is_unsorted: bool = False
    has_empty_steps: bool = False
    layout: str = ""
    times: str = "seconds"
    columns_used: tuple[str, ...] = ()
    columns_unused: tuple[str, ...] = ()


class Codes(dict[str, int]):
    """Numbers of the users of one kind by name; a name not yet known is checked and given the next number."""

    def __init__(self, roster: Roster, kind: str) -> None:
        super().__init__()
        self._roster, self._kind = roster, kind

    def __missing__(self, name: str) -> int:
        self[name] = code = self._roster.enrol(name, self._kind)
        return code


class Roster:
    """The users of a trace, numbered in order of appearance; a vehicle and a person may share a name."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._members: list[tuple[str, str]] = []
        self._codes: dict[str, Codes] = {}

    def __len__(self) -> int:
        return len(self._members)

    def codes(self, kind: str) -> Codes:
        """The numbers of the users of one kind."""
        return self._codes.setdefault(kind, Codes(self, kind))

    def enrol(self, name: str, kind: str) -> int:
        """Number one more user.

        Raises:
            InputError: the name will not do, or there are too many users.
        """
        if not name.strip() or len(name) > LONGEST_TEXT or not name.isprintable():
            shown = repr(name[:40]) + ("..." if len(name) > 40 else "")
            raise InputError(
                f"{self._source}: id of a {kind}: must be 1 to {LONGEST_TEXT} printable characters (got {shown})"
            )
        if len(self._members) == MOST_LISTED_USERS:
            raise InputError(f"{self._source}: more than {MOST_LISTED_USERS} users; no more are accepted")
        self._members.append((name, kind))
        return len(self._members) - 1

    def name(self, code: int) -> str:
        """The name of one user, as the file gives it."""
        return self._members[code][0]

    @property
    def kinds(self) -> list[str]:
        """The kind of each user."""
        return [kind for _, kind in self._members]

    def names(self) -> tuple[list[str], int]:
        """The name of each user, and how many of them had to be told from a user of another kind.

        A vehicle keeps its name; others that share it are called `person:NAME` and so on.
        """
        counts = Counter(name for name, _ in self._members)
        shared = [counts[name] > 1 and kind != VEHICLE for name, kind in self._members]
        names = [f"{kind}:{name}" if at else name for (name, kind), at in zip(self._members, shared, strict=True)]
        if len(set(names)) != len(names):
            again = next(name for name, count in Counter(names).items() if count > 1)
            raise InputError(f"{self._source}: two users would be called {again!r}; rename one of them in the file")
        return names, sum(shared)
