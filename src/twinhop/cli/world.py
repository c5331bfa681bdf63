"""`twinhop world`: let the users of a city move, and see what happens."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    NoHtml,
    Out,
    Seed,
    Verbose,
    counting_progress,
    print_result,
    print_table,
    say_removed,
)

if TYPE_CHECKING:
    from twinhop.runs.world import WatchedWorld

EXAMPLE = "Example: twinhop world city-small --slots 300 --out out/world"


class Animate(StrEnum):
    """How the animation is written."""

    gif = "gif"
    mp4 = "mp4"
    none = "none"


def run(
    source: Annotated[str, typer.Argument(help="Scenario file (YAML) or preset name.")],
    slots: Annotated[int | None, typer.Option(help="Slots of the run.", show_default="the scenario's", min=1)] = None,
    slot_s: Annotated[float | None, typer.Option(help="Length of a slot \\[s].", show_default="the scenario's")] = None,
    mobility: Annotated[
        str | None, typer.Option(help="Mobility model, with its defaults.", show_default="the scenario's")
    ] = None,
    seed: Seed = None,
    animate: Annotated[Animate, typer.Option(help="The animation among the files; mp4 needs ffmpeg.")] = Animate.gif,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    no_html: NoHtml = False,
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Let the users of a city move, its channels, CPUs and stations change, and count what happens."""
    from twinhop.cli.own_files import earlier_page, remove_stale, require_own
    from twinhop.runs.world import moving, watch
    from twinhop.scenario import load_scenario

    require_own(out, "world", force)
    stale = earlier_page(out, "world") if no_html else []
    scenario = moving(load_scenario(source, seed), slots, slot_s, mobility)
    assert scenario.movement is not None
    with counting_progress(scenario.name, scenario.movement.run_slots, "slots") as report:
        watched, written = watch(scenario, out, animate.value, report, html=not no_html)
    say_removed(remove_stale(stale, written))
    print_result(watched, as_json, _show, written)


def _show(watched: "WatchedWorld") -> None:
    from twinhop.output.runs.world_rows import fact_rows, station_rows

    facts = watched.to_json()
    span = f"{facts['slots']} slots of {facts['slot_s']:g} s, users moved by {facts['moved_by']}"
    print_table(f"{facts['source']}: {span}", ("", "mean", "p5", "p50", "p95", "max"), fact_rows(facts))
    header = ("stations with most users", "mean", "most", "down")
    print_table("", header, station_rows(facts, watched.run.station_ids))
    for note in facts["notes"]:
        typer.echo(f"note: {note}")
