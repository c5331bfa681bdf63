"""Services in reports and tables: where each runs, what it takes, and which deadlines are missed."""

import math

from twinhop.output.kit.tables import share, table
from twinhop.plans.result import Plan
from twinhop.text import counted
from twinhop.twin.service_placement import PlacedService
from twinhop.units import BITS_PER_MBIT, S_PER_MS

SERVICE_HEADER = (
    *("service", "members", "runs on", "fed [Mbit/s]"),
    *("feed [ms]", "work [ms]", "total [ms]", "deadline [ms]", "of period"),
)


def service_rows(plan: Plan) -> list[tuple[str, ...]]:
    """One row a service."""
    return [] if plan.services is None else [_row(each) for each in plan.services.services]


def _row(service: PlacedService) -> tuple[str, ...]:
    times = (service.slowest_feed_s, service.computing_s, service.latency_s)
    deadline = "-" if math.isinf(service.deadline_s) else f"{service.deadline_s / S_PER_MS:.4g}"
    return (
        service.name,
        f"{service.members}",
        service.server_name,
        f"{service.fed_bps / BITS_PER_MBIT:.4g}",
        *(f"{time / S_PER_MS:.4g}" for time in times),
        f"{deadline}{' missed' if service.kept is False else ''}",
        share(service.utilisation),
    )


def service_terms(plan: Plan) -> list[tuple[str, str]]:
    """The part of the cost that the services are, for tables of terms; empty without services."""
    if plan.services is None:
        return []
    name = f"{counted(len(plan.services.services), 'service')}, latency over all users"
    return [(name, f"{plan.services.latency_s:.6g}")]


def service_notes(plan: Plan) -> list[str]:
    """What is to be said of the services: missed deadlines with the best server, and a search that was cut short."""
    placed = plan.services
    if placed is None:
        return []
    notes = [text for each in placed.late if (text := each.in_words(placed.all_tried)) is not None]
    notes += [
        f"service {each.name}: one period takes longer than the period; it cannot keep up"
        for each in placed.services
        if each.utilisation > 1
    ]
    if not placed.proved:
        notes.append("too many choices of servers for all services were left to try: there may be better ones")
    return notes


def service_lines(plan: Plan) -> list[str]:
    """The section of a report; empty without services."""
    if plan.services is None:
        return []
    meaning = (
        "A service runs once a period. Feed: until the last extract has come from the host of its member's twin. "
        "The cost counts the summed way of all extracts and the work, times eta / period, over the users; the users' "
        "latencies in this report are those beside the services."
    )
    turns = f"Users' twins and services were placed in turn, {counted(plan.services.turns, 'time')} again."
    if plan.services.all_tried:
        turns = "Every plan of users and services was tried: none keeps more deadlines, or as many at less cost."
    notes = [f"- **{note}**" for note in service_notes(plan)]
    return [
        "## Services",
        "",
        *table(SERVICE_HEADER, service_rows(plan)),
        "",
        *([*notes, ""] if notes else []),
        f"{meaning} {turns}",
        "",
    ]
