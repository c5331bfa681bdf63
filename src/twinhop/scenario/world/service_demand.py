"""What the services of a scenario ask of its world: members, extracts, work and deadlines in SI units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.scenario.schema.attribute_expression import parse_expression
from twinhop.scenario.schema.polygon import Polygon
from twinhop.scenario.schema.service_sections import Members, Service
from twinhop.text import suggestion
from twinhop.units import BITS_PER_MBIT, CYCLES_PER_GCYCLE, S_PER_MS


@dataclass(frozen=True, eq=False)
class ServiceDemand:
    """What one service twin asks for.

    Attributes:
        name: of the service.
        members: (n,) indices of the users whose twins feed it, increasing; at least one.
        extracted_bits: extract of one member's twin, once a period [bit].
        work_cycles: its work, once a period [cycle].
        period_s: period between its results [s].
        deadline_s: on the last extract's way and the work together [s]; inf for none.
    """

    name: str
    members: NDArray[np.int64]
    extracted_bits: float
    work_cycles: float
    period_s: float
    deadline_s: float


@dataclass(frozen=True)
class UserAttributes:
    """What `members` may ask of the N active users, in file units.

    Attributes:
        columns: (N,) arrays by name, `id` and, where classes are listed, `class` among them.
        every_id: ids of all users, the inactive ones included.
    """

    columns: dict[str, NDArray]
    every_id: Sequence[str]


def service_demands(services: tuple[Service, ...], users: UserAttributes, where: str) -> tuple[ServiceDemand, ...]:
    """The services with their members found and their sizes in SI units.

    Args:
        services: their sections.
        users: what is known of the users.
        where: what to call the scenario in errors.

    Raises:
        InputError: a member is unknown, or a service has none.
    """
    demands = []
    for index, service in enumerate(services):
        members = np.flatnonzero(_members(service.members, users, f"{where}: services.{index}.members"))
        if not members.size:
            raise InputError(
                f"{where}: services.{index}.members: the service {service.name!r} has no members: no active user "
                f"meets {', '.join(service.members.model_dump(exclude_none=True))}; a service needs at least one"
            )
        demands.append(
            ServiceDemand(
                name=service.name,
                members=members,
                extracted_bits=service.extracted_mbit * BITS_PER_MBIT,
                work_cycles=service.work_gcycles * CYCLES_PER_GCYCLE,
                period_s=service.period_s,
                deadline_s=np.inf if service.deadline_ms is None else service.deadline_ms * S_PER_MS,
            )
        )
    return tuple(demands)


def _members(selection: Members, users: UserAttributes, where: str) -> NDArray[np.bool_]:
    """(N,) whether each user is a member."""
    columns = users.columns
    is_member = np.ones(len(columns["x_m"]), dtype=np.bool_)
    if selection.ids is not None:
        _check_ids(selection.ids, users.every_id, where)
        wanted = set(selection.ids)
        is_member &= np.array([name in wanted for name in columns["id"].tolist()], dtype=np.bool_)
    if selection.classes is not None:
        is_member &= np.isin(columns["class"], selection.classes)
    if selection.where is not None:
        is_member &= np.asarray(parse_expression(selection.where).holds(columns), dtype=np.bool_)
    if selection.polygon_m is not None:
        is_member &= Polygon(selection.polygon_m).holds(columns["x_m"], columns["y_m"])
    return is_member


def _check_ids(ids: Sequence[str], every_id: Sequence[str], where: str) -> None:
    known = set(every_id)
    for at, name in enumerate(ids):
        if name not in known:
            raise InputError(f"{where}.ids.{at}: there is no user {name!r}; {suggestion(name, every_id)}".rstrip("; "))
