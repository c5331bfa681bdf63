"""What a page shows where no script runs: heading, certificate, tables and a map, made of its data alone.

Whoever wrote the data, all texts in them are text here: nothing of them is markup, and none turns the line it is in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from twinhop.output.page.plain_text import text
from twinhop.output.page.static_map import static_map

#: Rows of a table, tables, and texts of a list, at most; the rest is counted.
MOST_ROWS, MOST_TABLES, MOST_TEXTS = 200, 4, 20
Row = Sequence[Any]


def fallback(document: Mapping[str, Any]) -> str:
    """The HTML inside ``main`` of a page.

    Args:
        document: of `twinhop.output.page.container.unpacked`, checked by `check_page`.
    """
    plans = document.get("plans") or []
    parts = [f"<h1>{text(document['title'])}</h1>", f"<p>{text(_about(document))}</p>"]
    parts += [f"<p>{text(each)}</p>" for each in _sentences(plans[0] if plans else {})]
    parts += [static_map(document)] if document.get("map") else []
    if plans:
        parts.append(_table("Summary", ("", f"value [{_unit(document)}]"), _summary(document, plans[0])))
        parts.append(_table("Servers, those with most users first", _server_header(plans[0]), _servers(document)))
    if len(plans) > 1:
        parts.append(_table("Plans", ("", "cost", "lower bound", "gap", "servers"), map(_plan_row, plans)))
    policies = document.get("policies") or []
    if policies:
        rows = [(each["name"], each.get("cost"), _percent(each.get("gap"))) for each in policies]
        parts.append(_table("Policies", ("", f"cost [{_unit(document)}]", "above the certified bound"), rows))
    statistics = document.get("statistics") or []
    if statistics:
        parts.append(_table("Statistics", ("", ""), [(each["name"], each["value"]) for each in statistics]))
    parts += [
        _table(each["title"], each["columns"], each["rows"]) for each in (document.get("table") or [])[:MOST_TABLES]
    ]
    warnings = [each["text"] for each in document.get("warnings") or []]
    for title, texts in (
        ("Warnings", warnings),
        ("Notes", document.get("notes")),
        ("Data", document.get("attribution")),
    ):
        parts += _list(title, texts or [])
    return "\n".join(parts)


def _about(document: Mapping[str, Any]) -> str:
    parts = [document.get("source"), f"seed {document['seed']}" if document.get("seed") is not None else None]
    return ", ".join(str(each) for each in (*parts, f"twinhop {document.get('twinhop', '')}") if each)


def _sentences(plan: Mapping[str, Any]) -> list[str]:
    """What the certificate says, and the constraint report."""
    return [str(each) for each in (plan.get("verdict"), plan.get("status"), *(plan.get("constraints") or [])) if each]


def _unit(document: Mapping[str, Any]) -> str:
    return str((document.get("cost_unit") or {}).get("name", "s"))


def _summary(document: Mapping[str, Any], plan: Mapping[str, Any]) -> list[Row]:
    rows: list[Row] = [("cost", plan.get("cost"))]
    rows += [(f"of it {term['name']}", term["cost"]) for term in plan.get("terms") or []]
    rows += [("certified lower bound", plan.get("lower_bound")), ("gap", _percent(plan.get("gap")))]
    rows += [("servers opened", plan.get("servers")), ("users", (document.get("users") or {}).get("count"))]
    rows += [
        ("constraints", "all kept" if plan.get("feasible", True) else f"{len(plan.get('violations') or [])} broken")
    ]
    return [row for row in rows if row[1] is not None]


def _server_header(plan: Mapping[str, Any]) -> tuple[str, ...]:
    station = plan.get("station") or {}
    return ("server", *(name for key, name in _SERVER_COLUMNS.items() if key in station))


_SERVER_COLUMNS = {"users": "users", "seats_used": "seats used", "cpu_used": "CPU used", "late": "late users"}


def _servers(document: Mapping[str, Any]) -> list[Row]:
    """The opened servers of the first plan, those with most users first."""
    plan, names = document["plans"][0], document["stations"]["id"]
    station, opened = plan.get("station") or {}, np.asarray(plan.get("open", []), np.int64)
    users = station.get("users", np.zeros(len(names)))
    order = opened[np.argsort(-np.asarray(users, np.float64)[opened], kind="stable")]
    shown = [key for key in _SERVER_COLUMNS if key in station]
    return [(names[k], *(_cell(key, station[key][k]) for key in shown)) for k in order.tolist()]


def _cell(key: str, value: Any) -> Any:
    return _percent(float(value)) if key in ("seats_used", "cpu_used") else value.item()


def _plan_row(plan: Mapping[str, Any]) -> Row:
    return (plan["name"], plan.get("cost"), plan.get("lower_bound"), _percent(plan.get("gap")), plan.get("servers"))


def _percent(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else f"{100 * value:.3g} %"


def _table(caption: str, header: Sequence[Any], rows: Iterable[Row]) -> str:
    rows = list(rows)
    lines = [f"<table><caption>{text(caption)}</caption>"]
    if any(header):
        lines.append("<thead><tr>" + "".join(f'<th scope="col">{text(name)}</th>' for name in header) + "</tr></thead>")
    lines.append("<tbody>")
    for first, *others in filter(len, rows[:MOST_ROWS]):
        cells = "".join(f"<td>{text(_shown(each))}</td>" for each in others)
        lines.append(f'<tr><th scope="row">{text(_shown(first))}</th>{cells}</tr>')
    if len(rows) > MOST_ROWS:
        lines.append(f'<tr><td colspan="{len(header)}">and {len(rows) - MOST_ROWS} more</td></tr>')
    return "\n".join([*lines, "</tbody></table>"])


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _list(title: str, texts: Sequence[Any]) -> list[str]:
    if not texts:
        return []
    items = [f"<li>{text(each)}</li>" for each in texts[:MOST_TEXTS]]
    if len(texts) > MOST_TEXTS:
        items.append(f"<li>and {len(texts) - MOST_TEXTS} more</li>")
    return [f"<h2>{text(title)}</h2>", "<ul>", *items, "</ul>"]
