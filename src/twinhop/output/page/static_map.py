"""The map of a page as a drawing of bounded size, for where no script runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.output.kit.colours import ALARM, FAINT, GROUND, INK, MUTED, PAPER, hues_apart
from twinhop.output.page.plain_text import text

#: Users and stations that are drawn, at most: spread evenly through the list.
MOST_USERS, MOST_STATIONS = 1_500, 500
#: Corners of the marks of a cloud and of a station that may not host [px].
DIAMOND = ((0, -7), (7, 0), (0, 7), (-7, 0))
TRIANGLE = ((0, -5), (5, 4), (-5, 4))
#: Width of the drawing, and its largest height [px].
WIDTH, HIGHEST = 720, 720


def static_map(document: Mapping[str, Any]) -> str:
    """An SVG of stations and users, each user in the colour of its host; those of the first frame in a run."""
    stations = document.get("stations") or {}
    if "x_m" not in stations:
        return ""
    place = _Place(document["map"])
    host, open_, late = _decided(document)
    station_x, station_y = place.of(stations["x_m"], stations["y_m"])
    hue = dict(zip(open_.tolist(), hues_apart(np.column_stack([station_x, station_y])[open_]), strict=True))
    lines = [
        f'<svg viewBox="0 0 {WIDTH} {place.height}" role="img" aria-label="Map: stations, and users by their host" '
        f'width="{WIDTH}" height="{place.height}">',
        f'<rect width="{WIDTH}" height="{place.height}" fill="{GROUND}"/>',
        *_users(document, place, host, late, hue),
        *_stations(stations, station_x, station_y, hue),
        "</svg>",
    ]
    return "\n".join(lines)


class _Place:
    """Metres to pixels of the drawing, north up."""

    def __init__(self, corners: Mapping[str, float]):
        self._low = corners["min_x_m"], corners["max_y_m"]
        wide, high = corners["max_x_m"] - corners["min_x_m"], corners["max_y_m"] - corners["min_y_m"]
        self._scale = WIDTH / max(wide, high * WIDTH / HIGHEST, 1e-9)
        self.height = max(1, round(high * self._scale))

    def of(self, x_m: NDArray[Any], y_m: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        x, y = (np.asarray(each, np.float64) for each in (x_m, y_m))
        return (x - self._low[0]) * self._scale, (self._low[1] - y) * self._scale


def _decided(document: Mapping[str, Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Host of each user, stations that host someone, and who is late: of the first plan, or the first frame."""
    count = document["users"]["count"] if document.get("users") else 0
    plans, policies = document.get("plans") or [], document.get("policies") or []
    source = plans[0] if plans else policies[0] if policies else {}
    host = np.asarray(source.get("host", np.full(count, -1)), np.int64)
    late = np.asarray(source.get("late", np.zeros(count)))
    if host.ndim == 2 or late.ndim == 2:
        if not len(host) or not len(late):
            host, late = np.full(count, -1), np.zeros(count)
        host, late = (each[0] if each.ndim == 2 else each for each in (host, late))
    opened = np.asarray(source["open"], np.int64) if "open" in source else np.unique(host[host >= 0])
    return host, opened, late


def _users(
    document: Mapping[str, Any], place: _Place, host: NDArray[Any], late: NDArray[Any], hue: Mapping[int, str]
) -> list[str]:
    users, frames = document.get("users") or {}, document.get("frames") or {}
    if "x_m" in users:
        x, y = place.of(users["x_m"], users["y_m"])
    elif "x_m" in frames and len(frames["x_m"]):
        x, y = place.of(frames["x_m"][0], frames["y_m"][0])
        present = np.asarray(frames["present"][0], bool) if "present" in frames else np.ones(x.size, bool)
        x = np.where(present, x, np.nan)
    else:
        return []
    shown = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
    shown = shown[np.arange(min(shown.size, MOST_USERS)) * shown.size // max(1, min(shown.size, MOST_USERS))]
    lines = []
    for i in shown.tolist():
        colour = hue.get(int(host[i]), MUTED)
        lines.append(f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="2.5" fill="{colour}"/>')
        if late[i]:
            lines.append(f'<circle cx="{x[i]:.1f}" cy="{y[i]:.1f}" r="5" fill="none" stroke="{ALARM}"/>')
    return lines


def _stations(stations: Mapping[str, Any], x: NDArray[Any], y: NDArray[Any], hue: Mapping[int, str]) -> list[str]:
    count = x.size
    may_host = np.asarray(stations.get("is_host", np.ones(count)), bool)
    cloud = np.asarray(stations.get("is_cloud", np.zeros(count)), bool)
    lines = []
    for k in range(min(count, MOST_STATIONS)):
        if not (np.isfinite(x[k]) and np.isfinite(y[k])):
            continue
        fill, edge = hue.get(k, PAPER), INK if k in hue else MUTED
        name = f"<title>{text(stations['id'][k])}</title>"
        look = f'fill="{fill}" stroke="{edge}"'
        if cloud[k]:
            lines.append(f'<polygon points="{_around(x[k], y[k], DIAMOND)}" {look}>{name}</polygon>')
        elif may_host[k]:
            lines.append(f'<rect x="{x[k] - 5:.1f}" y="{y[k] - 5:.1f}" width="10" height="10" {look}>{name}</rect>')
        else:
            lines.append(
                f'<polygon points="{_around(x[k], y[k], TRIANGLE)}" fill="{FAINT}" stroke="{MUTED}">{name}</polygon>'
            )
    return lines


def _around(x: float, y: float, corners: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x + right:.1f},{y + down:.1f}" for right, down in corners)
