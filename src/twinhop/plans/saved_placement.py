"""A placement saved by `twinhop plan --out`, read back and matched with a scenario by the ids of users and stations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.io.parquet import parquet_columns
from twinhop.io.text_file import read_text
from twinhop.placement import Placement, Solution, evaluate
from twinhop.placement.problem import BoolArray, FloatArray, IntArray
from twinhop.plans.changes import changes_since, site_numbers
from twinhop.plans.result import CLOSED, NOBODY, Case, Plan, Present
from twinhop.text import counted, plural

#: Ids named in one message; the rest are counted.
NAMED = 5
#: What a saved placement is called in a folder that `twinhop plan --out` wrote.
PLACEMENT_FILE = "placement.json"
FIELDS = ("station_ids", "user_ids", "host")


@dataclass(frozen=True)
class SavedPlacement:
    """The content of a placement.json, in the order of the file.

    Attributes:
        name: of the file, for messages.
        station_ids: (M,) names of its stations.
        user_ids: (N,) names of its users.
        host: (N,) index into ``station_ids`` of each user's host.
        open: (M,) opened stations; those in use where the file does not say.
        policy: that made it, or ``saved``.
        source: name of the scenario that it was made for, or None.
        seed: of that scenario, or None.
        sites: (M,) numbers of each station by name, as `site_numbers` has them; None where a file does not say.
        weight: (N,) how many users each of its users stands for; None: one each.
    """

    name: str
    station_ids: tuple[str, ...]
    user_ids: tuple[str, ...]
    host: IntArray
    open: BoolArray
    policy: str = "saved"
    source: str | None = None
    seed: int | None = None
    sites: Mapping[str, Sequence[float]] | None = field(default_factory=dict)
    weight: FloatArray | None = None


def read_placement(path: str | Path) -> SavedPlacement:
    """Read a placement.json.

    Args:
        path: the file, as `Plan.save` and `twinhop plan --out` write it, or the folder that it is in.

    Returns:
        Its users, stations and hosts.

    Raises:
        InputError: the file cannot be read, is no JSON, or is no placement with ids.
    """
    path = Path(path) / PLACEMENT_FILE if Path(path).is_dir() else Path(path)
    name = str(path)
    value = parse_json(read_text(path), name)
    if isinstance(value, dict) and isinstance(value.get("placement_table"), str):
        value = {**value, **_columns(path.parent / value["placement_table"])}
    if not isinstance(value, dict) or any(field not in value for field in FIELDS):
        raise InputError(
            f"{name}: is no saved placement; expected the placement.json of `twinhop plan --out`, with "
            f"{', '.join(FIELDS)}"
        )
    station_ids, user_ids = (_ids(name, field, value[field]) for field in FIELDS[:2])
    host = _indices(name, "host", value["host"], len(station_ids))
    if host.size != len(user_ids):
        raise InputError(f"{name}: host: {host.size} entries for {len(user_ids)} user_ids; expected one a user")
    opened = np.zeros(len(station_ids), bool)
    opened[host] = True
    opened[_indices(name, "open", value.get("open", []), len(station_ids))] = True
    policy, source, seed = (value.get(field) for field in ("policy", "source", "seed"))
    return SavedPlacement(
        name,
        station_ids,
        user_ids,
        host,
        opened,
        policy if isinstance(policy, str) else "saved",
        source if isinstance(source, str) else None,
        seed if isinstance(seed, int) else None,
        _sites(name, value.get("sites"), len(station_ids)),
        _weight(name, value.get("weight"), len(user_ids)),
    )


def _columns(path: Path) -> dict[str, list[Any]]:
    """The ids and hosts of a plan on candidate stations, whose users are columns of a table beside its file."""
    import polars as pl

    types = parquet_columns(path)
    hosts = types.get("station_id")
    if "user_id" not in types or not isinstance(hosts, pl.Enum):
        raise InputError(f"{path}: is no table of a saved placement; expected user_id and station_id of `twinhop plan`")
    (users, stations) = pl.read_parquet(path, columns=["user_id", "station_id"]).get_columns()
    return {
        "user_ids": users.cast(pl.String).to_list(),
        "station_ids": hosts.categories.to_list(),
        "host": stations.to_physical().to_list(),
    }


def _weight(name: str, value: Any, count: int) -> FloatArray | None:
    """How many users each row stands for, where a file says so."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != count or not all(type(each) in (int, float) for each in value):
        raise InputError(f"{name}: weight: expected a list of {count} numbers, one a user")
    return np.array(value, np.float64)


def _sites(name: str, value: Any, count: int) -> Mapping[str, Sequence[float]] | None:
    """The numbers of each station, which files of earlier versions do not have."""
    if value is None:
        return None
    accepted = isinstance(value, dict) and all(
        isinstance(each, list) and len(each) == count and all(type(number) in (int, float) for number in each)
        for each in value.values()
    )
    if not accepted:
        raise InputError(f"{name}: sites: expected lists of {count} numbers, one a station, by their names")
    return value


def _ids(name: str, field: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InputError(f"{name}: {field}: expected a list of texts")
    if len(set(value)) < len(value):
        twice = next(each for each in value if value.count(each) > 1)
        raise InputError(f"{name}: {field}: '{twice}' comes more than once")
    return tuple(value)


def _indices(name: str, field: str, value: Any, count: int) -> IntArray:
    accepted = isinstance(value, list) and all(type(each) is int and 0 <= each < count for each in value)
    if not accepted:
        raise InputError(f"{name}: {field}: expected a list of whole numbers from 0 to {count - 1}")
    return np.array(value, np.int64)


def saved(plan: Plan) -> SavedPlacement:
    """A plan as the placement that its files would hold."""
    problem, placement = plan.case.problem, plan.solution.placement
    return SavedPlacement(
        "the plan given",
        tuple(map(problem.station_name, range(problem.stations))),
        tuple(map(problem.user_name, range(problem.users))),
        placement.host,
        placement.open,
        plan.solution.policy,
        plan.case.name,
        plan.case.seed,
        site_numbers(plan.with_all_hosts.case.problem),
        problem.weight,
    )


def as_saved(source: "str | Path | SavedPlacement | Plan") -> SavedPlacement:
    """A placement from wherever it is: a file, a plan, or one already read."""
    if isinstance(source, SavedPlacement):
        return source
    return saved(source) if isinstance(source, Plan) else read_placement(source)


def present(placement: SavedPlacement, case: Case, *, other_users: bool = False) -> Present:
    """A saved placement in the order of a case, users and stations matched by id.

    Users of the scenario who are not in the file have no present host. Users and stations of the file that the
    scenario does not have are left out; a user whose host is one of these stations must move. What differs is listed in
    ``changes``.

    Args:
        placement: as read.
        case: the scenario or problem that it is to be used with.
        other_users: whether it may have none of the users: its servers are what matters then.

    Returns:
        The present hosts.

    Raises:
        InputError: the scenario has neither one of the users nor one of the stations: the file is of another one.
    """
    problem = case.problem
    station_at = {problem.station_name(k): k for k in range(problem.stations)}
    user_at = {problem.user_name(i): i for i in range(problem.users)}
    _require_related(placement, case, user_at, station_at, other_users=other_users)
    to_station = np.array([station_at.get(each, CLOSED) for each in placement.station_ids], np.int64)
    to_user = np.array([user_at.get(each, NOBODY) for each in placement.user_ids], np.int64)
    host = np.full(problem.users, NOBODY, np.int64)
    host[to_user[to_user != NOBODY]] = to_station[placement.host][to_user != NOBODY]
    opened = np.zeros(problem.stations, bool)
    opened[to_station[placement.open & (to_station != CLOSED)]] = True
    closed_host = {
        int(i): placement.station_ids[int(k)]
        for i, k in zip(to_user, placement.host, strict=True)
        if i != NOBODY and to_station[k] == CLOSED
    }
    closed = np.flatnonzero(to_station == CLOSED)
    here = Present(
        placement.name,
        host,
        opened,
        left_users=tuple(each for each in placement.user_ids if each not in user_at),
        closed_stations=tuple(placement.station_ids[k] for k in closed),
        closed_host=closed_host,
        closed_servers=tuple(placement.station_ids[k] for k in closed if placement.open[k]),
        changes=changes_since(
            placement.station_ids,
            placement.user_ids,
            placement.host,
            placement.sites or {},
            problem,
            placement.weight,
        ),
    )
    return replace(here, notes=tuple(_notes(placement, case, here)))


def _require_related(
    placement: SavedPlacement,
    case: Case,
    users: Mapping[str, int],
    stations: Mapping[str, int],
    *,
    other_users: bool,
) -> None:
    """Refuse a file of which neither a user nor a station is left; no station, where other users are meant."""
    no_user = other_users or users.keys().isdisjoint(placement.user_ids)
    if no_user and stations.keys().isdisjoint(placement.station_ids):
        raise InputError(
            f"{placement.name}: is a placement of another scenario: none of its "
            f"{_few(placement.station_ids, 'station')} and none of its {_few(placement.user_ids, 'user')} is in "
            f"'{case.name}', which has "
            f"{_few(list(stations), 'station')} and {_few(list(users), 'user')}"
        )


def _notes(placement: SavedPlacement, case: Case, here: Present) -> list[str]:
    problem, notes = case.problem, []
    made_for = "" if placement.source in (None, case.name) else f" for '{placement.source}'"
    if case.world is not None and placement.seed not in (None, case.seed):
        made_for += f" with seed {placement.seed}"
    if made_for:
        notes.append(
            f"{placement.name} was made{made_for}, this is '{case.name}' with seed {case.seed}; users and stations "
            "were matched by id"
        )
    for noun, gone, count in (
        ("user", here.left_users, len(placement.user_ids)),
        ("station", here.closed_stations, len(placement.station_ids)),
    ):
        if gone and len(gone) == count:
            notes.append(
                f"none of the {counted(count, noun)} of {placement.name} is in '{case.name}': is it the right file?"
            )
    if placement.sites is None:
        notes.append(
            f"{placement.name} does not say what its sites could do, as files of earlier versions do not: capacities, "
            "CPUs and opening costs are not compared"
        )
    twins, seats = problem.twins_on(here.host), problem.seats
    for k in np.flatnonzero((twins > seats) & here.open):
        notes.append(
            f"{problem.station_name(int(k))} hosts {twins[k]:.10g} {plural(int(twins[k]), 'twin')} in {placement.name} "
            f"and has {counted(int(seats[k]), 'seat')} in '{case.name}'"
        )
    return notes


def _left_out(here: Present, case: Case) -> list[str]:
    """What of the file a plan that does not move anybody leaves out."""
    notes = []
    if here.left_users:
        are = "is" if len(here.left_users) == 1 else "are"
        notes.append(f"{_few(here.left_users, 'user')} of {here.name} {are} no more in '{case.name}': left out")
    if here.closed_stations:
        are = "is" if len(here.closed_stations) == 1 else "are"
        notes.append(f"{_few(here.closed_stations, 'station')} of {here.name} {are} no more in '{case.name}'")
    return notes


def _few(names: Sequence[str], noun: str) -> str:
    more = ", ..." if len(names) > NAMED else ""
    return f"{len(names)} {noun}{'' if len(names) == 1 else 's'} ({', '.join(names[:NAMED])}{more})"


def plan_of_saved(case: Case, source: "str | Path | SavedPlacement | Plan") -> Plan:
    """A saved placement as the plan of a case: priced and checked, without a certificate.

    Args:
        case: what the placement is of.
        source: a placement.json, or a plan.

    Returns:
        The plan; its constraints may be broken where the scenario has changed since.

    Raises:
        InputError: the placement does not fit the case, lacks users, or uses a link that the case forbids.
    """
    placement = as_saved(source)
    here = present(placement, case)
    problem = case.problem
    if here.new_users.size:
        names = [problem.user_name(int(i)) for i in here.new_users]
        raise InputError(f"{here.name}: {_few(names, 'user')} of '{case.name}' missing; plan them first, with --from")
    if here.closed_host:
        names = [problem.user_name(i) for i in sorted(here.closed_host)]
        raise InputError(
            f"{here.name}: {_few(names, 'user')} on {_few(here.closed_stations, 'station')} that '{case.name}' does "
            "not have; plan them first, with --from"
        )
    forbidden = np.flatnonzero(~np.isfinite(problem.comm_s[np.arange(problem.users), here.host]))
    if forbidden.size:
        i = int(forbidden[0])
        raise InputError(
            f"{here.name}: user {problem.user_name(i)} is on station {problem.station_name(int(here.host[i]))}, "
            f"which it cannot reach in '{case.name}'"
        )
    decision = Placement(here.host, here.open)
    solution = Solution(
        problem=problem,
        policy=placement.policy,
        placement=decision,
        evaluation=evaluate(problem, decision),
        certificate=None,
        seconds=0.0,
        seed=case.seed,
        interrupted=False,
        timed_out=False,
    )
    return Plan(case, solution, notes=(*case.notes, *here.notes, *_left_out(here, case)))
