"""The map of failures: opened servers in the colour of what their failure costs."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from twinhop.output.kit.colours import ALARM, INK, MUTED, PAPER
from twinhop.output.kit.figures import heading, line
from twinhop.output.kit.maps import CLOUD, DOWN, LEFT_IN, RADIO_ONLY, SERVER, frame_map, map_sheet
from twinhop.output.kit.places import Names, draw_scale, write_span
from twinhop.output.plans.failure_words import sentences, title
from twinhop.output.plans.map_extent import cloud_xy_m, extent
from twinhop.plans.failure_survey import FailureSurvey
from twinhop.scenario import World

#: From what costs nothing to what costs most.
WORTH = LinearSegmentedColormap.from_list("worth", ["#f1e6d2", "#e17a06", "#6d1010"])
#: Marks [points^2], and users [points^2].
OPENED, OTHER, USER = 210.0, 40.0, 5.0
HEAD_IN, FOOT_IN = 1.15, 1.0
#: Characters of a line of the head.
COLUMNS = 105


def draw_failures(survey: FailureSurvey) -> Figure:
    """Draw the survey of a scenario's plan, with a scale of what failures cost."""
    world = survey.plan.case.world
    assert world is not None
    low, high = extent(world)
    with map_sheet(low, high, HEAD_IN, FOOT_IN, world.attribution, "failures.md") as (figure, axes, sources_in):
        _draw(axes, survey, world, low, high)
        heading(figure, LEFT_IN, 0.42, f"{survey.plan.case.name}: what a failure costs")
        line(figure, LEFT_IN, 0.70, next(iter(sentences(survey)), ""), 10, COLUMNS)
        line(figure, LEFT_IN, 0.95, title(survey), 9, COLUMNS, color=MUTED)
        write_span(figure, low, high, FOOT_IN + sources_in - 0.17, world.origin)
        width, height = figure.get_size_inches()
        bar = figure.add_axes((LEFT_IN / width, (0.42 + sources_in) / height, 3.2 / width, 0.13 / height))
        figure.colorbar(_scale(survey), cax=bar, orientation="horizontal")
        unit = survey.plan.case.problem.money_unit
        label = f"change of the cost when the server fails{f' [{unit}]' if unit else ''}"
        bar.set_xlabel(label, fontsize=8, color=MUTED)
        bar.tick_params(labelsize=7.5, colors=MUTED)
        place = {"loc": "lower right", "bbox_to_anchor": (1 - LEFT_IN / width, (0.1 + sources_in) / height)}
        figure.legend(handles=_entries(survey, world), frameon=False, fontsize=8, handletextpad=0.3, ncols=2, **place)
    return figure


def draw_failures_on(axes: Axes, survey: FailureSurvey) -> None:
    """Draw the map into axes, with what its marks mean below."""
    world = survey.plan.case.world
    assert world is not None
    low, high = extent(world)
    frame_map(axes, low, high)
    _draw(axes, survey, world, low, high)
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": 2}
    axes.legend(handles=_entries(survey, world), frameon=False, fontsize=8, handletextpad=0.3, **place)


def station_changes(survey: FailureSurvey) -> np.ndarray:
    """(M,) the change of the cost by the failure of each station; inf where no plan is left, NaN where not looked at.

    Where several fail together it is the worst in which the station takes part.
    """
    changes = np.full(survey.plan.case.problem.stations, np.nan)
    for case in survey.cases:
        change = survey.change(case)
        for k in case.stations:
            changes[k] = np.fmax(changes[k], np.inf if change is None else change)
    return changes


def _scale(survey: FailureSurvey) -> ScalarMappable:
    changes = station_changes(survey)
    finite = changes[np.isfinite(changes)]
    return ScalarMappable(Normalize(0.0, max(float(finite.max(initial=0.0)), 1e-12)), WORTH)


def _draw(axes: Axes, survey: FailureSurvey, world: World, low: np.ndarray, high: np.ndarray) -> None:
    axes.apply_aspect()
    plan, changes = survey.plan, station_changes(survey)
    xy = world.station_xy_m if world.hosting_cloud is None else np.vstack([world.station_xy_m, cloud_xy_m(world)])
    server = np.append(world.host, np.ones(len(xy) - len(world.host), bool))
    opened = plan.solution.placement.open
    axes.scatter(*world.user_xy_m.T, s=USER, c=MUTED, linewidths=0, alpha=0.5, zorder=2)
    white = {"facecolors": PAPER, "edgecolors": MUTED, "s": OTHER}
    axes.scatter(*xy[~server].T, marker=RADIO_ONLY, linewidths=1.0, zorder=4, **white)
    axes.scatter(*xy[server & ~opened].T, marker=SERVER, linewidths=1.2, zorder=4, **white)
    scale, stations = _scale(survey), len(world.host)
    for k in np.flatnonzero(opened).tolist():
        lost = np.isinf(changes[k])
        face = PAPER if np.isnan(changes[k]) else ALARM if lost else scale.to_rgba(changes[k])
        axes.scatter(
            *xy[[k]].T, s=OPENED, marker=SERVER if k < stations else CLOUD, color=[face], edgecolors=INK, zorder=5
        )
        if lost:
            axes.scatter(*xy[[k]].T, s=OTHER, marker=DOWN, c=PAPER, linewidths=1.8, zorder=6)
    radius = np.where(opened, np.sqrt(OPENED), np.sqrt(OTHER)) / 2
    names = Names(axes, [xy], radius, axes.texts)
    known = np.where(np.isnan(changes), -1.0, changes)
    order = [int(k) for k in np.argsort(-known, kind="stable") if opened[k]]
    words = [f"{plan.case.problem.station_name(k)}{_change_in_words(changes[k])}" for k in order]
    names.write(xy[order], words, [INK] * len(order), radius[order].tolist(), weight="bold")
    draw_scale(axes, low, high)


def _change_in_words(change: float) -> str:
    if np.isnan(change):
        return ""
    return " no plan" if np.isinf(change) else f" {change:+.2g}"


def _entries(survey: FailureSurvey, world: World) -> list[Line2D]:
    """What the marks mean, of those that the map has."""

    def mark(label: str, marker: str, face: Any, edge: str, size: float) -> Line2D:
        shape = {"marker": marker, "markersize": size, "markerfacecolor": face, "markeredgecolor": edge}
        return Line2D([], [], linestyle="", label=label, **shape)

    changes, opened = station_changes(survey), survey.plan.solution.placement.open
    entries = [mark("opened server", "o", WORTH(0.5), INK, 10), mark("user", "o", MUTED, MUTED, 3)]
    if np.isinf(changes).any():
        entries.append(mark("no plan without it", "o", ALARM, INK, 10))
    if (opened & np.isnan(changes)).any():
        entries.append(mark("opened, not looked at", "o", PAPER, INK, 10))
    if (world.host & ~opened[: len(world.host)]).any():
        entries.append(mark("closed: changes nothing", "o", PAPER, MUTED, 6.5))
    if not world.host.all():
        entries.append(mark("radio only", "^", PAPER, MUTED, 6.5))
    return entries
