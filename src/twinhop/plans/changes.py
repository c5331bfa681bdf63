"""What is not as it was when a placement was saved: users, sites, and what sites can do."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray, IntArray, PlacementProblem

#: Arrays of a problem that describe sites, and what their changes are called.
SITE_CHANGES = {
    "capacity": "capacity",
    "cpu": "CPU",
    "opening_s": "opening",
    "cost_per_month": "rent",
    "demand_capacity": "demand capacity",
}
#: Numbers that differ by this share are the same.
SAME = 1e-9


@dataclass(frozen=True)
class Change:
    """Something that is not as it was when a placement was saved.

    Attributes:
        what: ``user left``, ``new user``, ``site closed``, ``new site``, or of a site that is still there what of it is
            another: a value of `SITE_CHANGES`.
        name: of the user or site.
        before: the host of a user who left, how many users a site that closed had, or what the site could do, in the
            units of the problem; None of what is new.
        after: what the site can do now; None otherwise.
    """

    what: str
    name: str
    before: str | float | None = None
    after: float | None = None


def site_numbers(problem: PlacementProblem) -> dict[str, list[float]]:
    """(M,) what the sites of a problem can do, and cost, by the names of its arrays; seats in users.

    Where the cost is money, that of a site is its rent: in seconds it follows the number of users.
    """
    given = {
        "capacity": problem.seats,
        "cpu": problem.cpu,
        "opening_s": None if problem.currency else problem.opening_s,
        "cost_per_month": problem.beta * problem.opening_s if problem.currency else None,
        "demand_capacity": problem.demand_capacity if problem.weight is None else None,
    }
    return {name: values.tolist() for name, values in given.items() if values is not None}


def changes_since(
    station_ids: Sequence[str],
    user_ids: Sequence[str],
    host: IntArray,
    sites: Mapping[str, Sequence[float]],
    problem: PlacementProblem,
    weight: FloatArray | None = None,
) -> tuple[Change, ...]:
    """What is not as it was, users first, then sites.

    Args:
        station_ids: stations as they were.
        user_ids: users as they were.
        host: index into the stations of each of these users' hosts.
        sites: what the stations could do, as `site_numbers` has it; what is not there is not compared.
        problem: as it is now.
        weight: how many users each of these stood for; None: one each. Seats that are enough for all of them, then and
            now, are no change.
    """
    users = {problem.user_name(i): i for i in range(problem.users)}
    stations = {problem.station_name(k): k for k in range(problem.stations)}
    found: list[Change] = []
    for name, k in zip(user_ids, host.tolist(), strict=True):
        if name not in users:
            found.append(Change("user left", name, str(station_ids[k])))
    found += [Change("new user", name) for name in _missing(users, user_ids)]
    twins = np.bincount(host, weight, minlength=len(station_ids)).tolist()
    found += [
        Change("site closed", name, count)
        for name, count in zip(station_ids, twins, strict=True)
        if name not in stations
    ]
    then = float(len(user_ids) if weight is None else weight.sum())
    found += [Change("new site", name) for name in _missing(stations, station_ids)]
    now = site_numbers(problem)
    for field, what in SITE_CHANGES.items():
        if field in sites and field in now:
            for name, before in zip(station_ids, sites[field], strict=True):
                after = now[field][stations[name]] if name in stations else before
                is_enough = field == "capacity" and before >= then and after >= problem.people
                if not (is_enough or math.isclose(before, after, rel_tol=SAME)):
                    found.append(Change(what, name, before, after))
    return tuple(found)


def _missing(names: Mapping[str, int], known: Sequence[str]) -> list[str]:
    """Names that are not known, in order."""
    there = set(known)
    return [name for name in names if name not in there]
