"""Services on the map: a star and the names beside each server that runs any, and dotted lines from what feeds them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from twinhop.output.kit.colours import INK, PAPER
from twinhop.plans.result import Plan

#: Services that share a server are named up to this many, the others counted; names are cut to so many characters.
NAMED, CHARACTERS = 3, 24
#: Lines from members' hosts are drawn for this many services; more would hide the map.
FED_LINES = 6
#: The first name stands so far above its server, the next ones so far above it [points].
CLEAR_PT, LINE_PT = 13.0, 9.0


def draw_services(axes: Axes, plan: Plan, site_xy_m: np.ndarray) -> None:
    """Mark the servers that run services, and where their extracts come from.

    Args:
        axes: of the map.
        plan: with services.
        site_xy_m: (K, 2) where servers are drawn, a cloud last [m].
    """
    assert plan.services is not None and plan.case.world is not None
    host = plan.solution.placement.host
    services = plan.services.services
    if len(services) <= FED_LINES:
        ways = [
            (site_xy_m[k], site_xy_m[each.server])
            for each, service in zip(services, plan.case.world.services, strict=True)
            for k in np.unique(host[service.members])
            if k != each.server
        ]
        lines = LineCollection(ways, colors=INK, linewidths=0.9, linestyles=(0, (1, 2)), alpha=0.55, zorder=4.5)
        axes.add_collection(lines)
    for server in sorted({each.server for each in services}):
        names = [each.name for each in services if each.server == server]
        _name(axes, names, site_xy_m[server])


def _name(axes: Axes, names: list[str], xy_m: np.ndarray) -> None:
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    lines = [name if len(name) <= CHARACTERS else name[: CHARACTERS - 1] + "…" for name in names[:NAMED]] + more
    text = "\n".join(f"★ {name}" for name in lines)
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    below = xy_m[1] > low + 0.9 * (high - low)
    aside = {True: "right", False: "left"}[bool(xy_m[0] > left + 0.5 * (right - left))]
    axes.annotate(
        text,
        (float(xy_m[0]), float(xy_m[1])),
        (0, -CLEAR_PT if below else CLEAR_PT),
        textcoords="offset points",
        ha=aside,
        va="top" if below else "bottom",
        fontsize=7.5,
        weight="bold",
        color=INK,
        parse_math=False,
        path_effects=[withStroke(linewidth=2.2, foreground=PAPER)],
        zorder=9,
    )


def service_legend() -> list[Line2D]:
    """The entries of the legend."""
    look = {"linestyle": (0, (1, 2)), "color": INK, "marker": "*", "markersize": 8}
    return [Line2D([], [], label="service, and the servers that feed it", **look)]
