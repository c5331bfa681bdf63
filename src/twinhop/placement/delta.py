"""What has changed since a problem was planned: users who came, changed or left, stations that failed or returned."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.matching import NEW, index_of
from twinhop.placement.problem import IntArray, PlacementProblem
from twinhop.placement.sparse.problem import PAD, SparseProblem
from twinhop.text import counted, in_a_line

#: What a problem has a row of for each user, beside the names.
OF_USERS = (
    "comm_s",
    "root_work",
    "energy_j",
    "update_comm_s",
    "update_work",
    "deadline_s",
    "demand",
    "weight",
    "distance_m",
)
#: The same of a problem with candidates; the first says where in the table these are.
OF_SPARSE_USERS = ("row", "up_s", "scale", "root_work", "update_up_s", "update_scale", "update_work", "deadline_s")
Problem = PlacementProblem | SparseProblem


@dataclass(frozen=True, eq=False)
class Delta:
    """A change of a problem. In which order it lists what changes makes no difference.

    Attributes:
        users: a problem with the same stations, whose users are those who came, and as they are now those who moved or
            whose sizes changed; of everything else in it nothing is looked at but the table of candidates of a
            `SparseProblem`. None: nobody did.
        left: names of users who are no more.
        failed: names of stations that may host nobody until they return.
        returned: names of those that had failed and may again.
    """

    users: Problem | None = None
    left: Sequence[str] = field(default=())
    failed: Sequence[str] = field(default=())
    returned: Sequence[str] = field(default=())

    def __repr__(self) -> str:
        parts = [] if self.users is None else [f"{counted(self.users.users, 'user')} came or changed"]
        stations = (("failed", self.failed), ("returned", self.returned))
        parts += [f"{len(self.left)} left"] if self.left else []
        parts += [f"{counted(len(names), 'station')} {what}" for what, names in stations if names]
        return in_a_line(self, *(parts or ["nothing"]))


@dataclass(frozen=True, eq=False)
class Changed:
    """A problem after a change.

    Attributes:
        problem: as it is now.
        origin: (N,) which user of the problem before each is, `NEW` for who was not there.
        down: indices of the stations that have failed and not returned.
    """

    problem: Problem
    origin: IntArray
    down: frozenset[int]


def changed(problem: Problem, delta: Delta, capacity: IntArray, down: frozenset[int]) -> Changed:
    """A problem with a change made; users who came stand last, in the order of their names.

    Args:
        problem: as it was.
        delta: the change.
        capacity: (M,) twin capacities where no station had failed.
        down: stations that had.

    Raises:
        InputError: a name is unknown, or there twice; a station that failed was down, or one that returned was not;
            nobody would be left; or the users do not fit the problem.
    """
    down_now = _down(problem, delta, down)
    problem, origin = _with_users(problem, delta)
    if down_now != down:
        seats = capacity.copy()
        seats[list(down_now)] = 0
        problem = replace(problem, capacity=seats, **_forgotten(problem))
    return Changed(problem, origin, down_now)


def _down(problem: Problem, delta: Delta, down: frozenset[int]) -> frozenset[int]:
    if not (delta.failed or delta.returned):
        return down
    index = _index(problem.station_ids, problem.stations, "station")
    failed, returned = (
        _known(names, index, what) for what, names in (("failed", delta.failed), ("returned", delta.returned))
    )
    for k in failed:
        if k in down:
            raise InputError(f"failed: {problem.station_name(k)} is down already; expected one that works")
    for k in returned:
        if k not in down:
            raise InputError(f"returned: {problem.station_name(k)} has not failed; expected one that has")
    return (down | frozenset(failed)) - frozenset(returned)


def _with_users(problem: Problem, delta: Delta) -> tuple[Problem, IntArray]:
    if delta.users is None and not len(delta.left):
        return problem, np.arange(problem.users)
    if isinstance(problem, PlacementProblem) and problem.priced_deadlines is not None:
        raise InputError("priced_deadlines: deadlines at a price are not among what a delta changes; give the problem")
    index = _index(problem.user_ids, problem.users, "user")
    left = _known(delta.left, index, "left")
    stays = np.ones(problem.users, bool)
    stays[left] = False
    if delta.users is None:
        origin = np.flatnonzero(stays)
        if not origin.size:
            raise InputError(f"left: all {problem.users} users; expected at least one to stay or come")
        return _rows(problem, origin), origin
    given = delta.users
    _check_fit(problem, given)
    at = index_of(given.user_ids, "user")
    for name in delta.left:
        if name in at:
            raise InputError(f"left: {name!r} is among the users who came or changed too; expected one of both")
    came = sorted(name for name in at if name not in index)
    origin = np.concatenate([np.flatnonzero(stays), np.full(len(came), NEW, np.int64)])
    source = np.full(origin.size, NEW, np.int64)
    place = np.cumsum(stays) - 1
    for name, row in at.items():
        if name in index:
            source[place[index[name]]] = row
    source[origin == NEW] = [at[name] for name in came]
    return _merged(problem, given, origin, source), origin


def _merged(problem: Problem, given: Problem, origin: IntArray, source: IntArray) -> Problem:
    """The users of one problem by origin, replaced by those of another where they have a source there."""
    table, first = {}, 0
    if isinstance(problem, SparseProblem) and isinstance(given, SparseProblem) and not _same_table(problem, given):
        table, first = _both_tables(problem, given), problem.rows
    anew = source != NEW
    was, now = np.maximum(origin, 0), source[anew]
    columns = {}
    for name in _columns_of(problem):
        old, new = getattr(problem, name), getattr(given, name)
        if old is None or (name == "distance_m" and new is None):
            columns[name] = None
            continue
        columns[name] = old[was]
        columns[name][anew] = new[now] + (first if name == "row" else 0)
    if table:  # rows that are left, as they first come among the users
        used, begins, places = np.unique(columns["row"], return_index=True, return_inverse=True)
        order = np.argsort(begins)
        columns["row"] = np.argsort(order)[places]
        table = {name: part[used[order]] for name, part in table.items()}
    ids = [
        given.user_ids[at] if at != NEW else problem.user_ids[before]
        for at, before in zip(source.tolist(), was.tolist(), strict=True)
    ]
    return replace(problem, user_ids=tuple(ids), **_forgotten(problem), **table, **columns)


def _columns_of(problem: Problem) -> tuple[str, ...]:
    return OF_USERS if isinstance(problem, PlacementProblem) else OF_SPARSE_USERS


def _forgotten(problem: Problem) -> dict[str, None]:
    """What a problem that was changed has no more: the world that it came from, and more candidates from there."""
    return {"origin": None} if isinstance(problem, PlacementProblem) else {"wider": None}


def _same_table(problem: SparseProblem, given: SparseProblem) -> bool:
    names = ("station", "delay_s", "slope", "omitted_delay_s", "omitted_slope")
    return all(np.array_equal(getattr(problem, name), getattr(given, name)) for name in names)


def _both_tables(problem: SparseProblem, given: SparseProblem) -> dict[str, np.ndarray]:
    """The rows of candidates of one problem, and below them those of the other."""
    width = max(problem.candidates, given.candidates)
    table = {}
    for name, beyond in (("station", PAD), ("delay_s", 0.0), ("slope", 0.0)):
        parts = (getattr(each, name) for each in (problem, given))
        padded = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=beyond) for part in parts]
        table[name] = np.concatenate(padded)
    for name in ("omitted_delay_s", "omitted_slope"):
        table[name] = np.concatenate([getattr(problem, name), getattr(given, name)])
    return table


def _rows(problem: Problem, rows: IntArray) -> Problem:
    columns = {name: getattr(problem, name) for name in _columns_of(problem)}
    columns = {name: None if column is None else column[rows] for name, column in columns.items()}
    ids = tuple(problem.user_ids[i] for i in rows.tolist())
    return replace(problem, user_ids=ids, **_forgotten(problem), **columns)


def _check_fit(problem: Problem, given: Problem) -> None:
    if type(given) is not type(problem):
        raise InputError(f"users: got a {type(given).__name__}; expected a {type(problem).__name__} as the problem is")
    names = () if given.station_ids is None else tuple(given.station_ids)
    if given.stations != problem.stations or names not in ((), tuple(problem.station_ids or ())):
        raise InputError(
            f"users: {counted(given.stations, 'station')} that are not the {problem.stations} of the problem, in their "
            "order; expected the same"
        )
    if given.user_ids is None or not len(given.user_ids):
        raise InputError("users: without names; expected user_ids")
    if isinstance(given, PlacementProblem) and given.priced_deadlines is not None:
        raise InputError("users: have deadlines at a price; expected none, as in the problem")
    if isinstance(given, SparseProblem) and isinstance(problem, SparseProblem):
        _check_groups(problem, given)
    for name in _columns_of(problem):
        if name != "distance_m" and (getattr(given, name) is None) != (getattr(problem, name) is None):
            has, lacks = ("the problem", "the users") if getattr(given, name) is None else ("the users", "the problem")
            raise InputError(f"users: {has} have {name} and {lacks} have not; expected it of both or of neither")


def _check_groups(problem: SparseProblem, given: SparseProblem) -> None:
    one, other = (np.zeros(0) if each.group is None else each.group for each in (problem, given))
    if not np.array_equal(one, other) or problem.omitted_delay_s.shape[1:] != given.omitted_delay_s.shape[1:]:
        raise InputError("users: other groups of stations than those of the problem; expected the same")
    if problem.update_delay_factor != given.update_delay_factor:
        raise InputError("users: another update_delay_factor than that of the problem; expected the same")


def _index(names: Sequence[str] | None, count: int, noun: str) -> dict[str, int]:
    if names is None or not len(names):
        raise InputError(f"{noun}_ids: the {counted(count, noun)} of the problem have no names; expected some to go by")
    return index_of(names, noun)


def _known(names: Sequence[str], index: dict[str, int], what: str) -> list[int]:
    if isinstance(names, str):
        raise InputError(f"{what}: got the text {names[:40]!r}; expected a list of names")
    for name in names:
        if name not in index:
            raise InputError(
                f"{what}: {name!r} is not there; expected one of {len(index)}, such as {next(iter(index))!r}"
            )
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise InputError(f"{what}: {twice!r} twice; expected each once")
    return [index[name] for name in names]
