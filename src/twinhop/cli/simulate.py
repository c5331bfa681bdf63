"""`twinhop simulate`: let the users move, and their twins after them."""

from typing import TYPE_CHECKING, Annotated, Any

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
    exit_if_failed,
    positive,
    print_result,
    print_table,
    say_removed,
    share_progress,
)
from twinhop.cli.world import Animate
from twinhop.errors import InputError

if TYPE_CHECKING:
    from twinhop.runs.simulation import Simulation

EXAMPLE = "Example: twinhop simulate city-small --policies stay,follow_nearest --slots 120 --out out/run"


def run(
    source: Annotated[
        str | None, typer.Argument(help="Scenario file (YAML) or preset name; none with --replay.", show_default=False)
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Migration policies, separated by commas, with settings as in name:setting=value; also your own, as "
            "mine.py:function."
        ),
    ] = None,
    slots: Annotated[int | None, typer.Option(help="Slots of a run.", show_default="the scenario's", min=1)] = None,
    seeds: Annotated[int, typer.Option(help="How many worlds; their root seeds follow one another.", min=1)] = 1,
    seed: Seed = None,
    mobility: Annotated[
        str | None, typer.Option(help="Mobility model, with its defaults.", show_default="the scenario's")
    ] = None,
    bound: Annotated[
        bool, typer.Option("--bound", help="Find the best offline plan and a certified bound too.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Wall-clock limit of the bound of a seed, and of a decision of your own policy \\[s].",
            show_default="60 of the bound",
        ),
    ] = None,
    replay: Annotated[
        str | None,
        typer.Option(
            help="Recorded run of twinhop serve, DATA/runs/START, in place of a scenario.", show_default=False
        ),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Processes.", show_default="one a seed", min=1)] = None,
    animate: Annotated[Animate, typer.Option(help="The animation among the files; mp4 needs ffmpeg.")] = Animate.gif,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    no_html: NoHtml = False,
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Let the users of a city move, apply migration policies slot by slot, and judge what they cost."""
    from twinhop.cli.own_files import earlier_page, remove_stale, require_own
    from twinhop.runs.simulation import DEFAULT_POLICIES, simulate

    world = _world_of(source, replay, seeds=None if seeds == 1 else seeds, seed=seed, mobility=mobility)
    require_own(out, "simulate", force)
    stale = earlier_page(out, "simulate") if no_html else []
    with share_progress(f"simulating {world}", "slots") as report:
        options: dict[str, Any] = {
            "slots": slots,
            "bound": bound,
            "time_limit_s": time_limit,
            "out": out,
            "jobs": jobs,
            "animation": animate.value,
            "html": not no_html,
            "on_progress": report,
        }
        chosen = DEFAULT_POLICIES if policies is None else policies
        if replay is None:
            simulation = simulate(world, chosen, seeds=seeds, seed=seed, mobility=mobility, **options)
        else:
            from twinhop.live.control.replay import replay as replayed

            simulation = replayed(replay, chosen, **options)
    say_removed(remove_stale(stale, simulation.files))
    print_result(simulation, as_json, _show, simulation.files)
    exit_if_failed(simulation.failures)


def _world_of(source: str | None, replay: str | None, **drawn: Any) -> str:
    """What is simulated: a scenario, or a recorded run, of which nothing is drawn."""
    if (source is None) == (replay is None):
        raise InputError("simulate: give a scenario, or a recorded run with --replay, not both")
    for name, value in drawn.items():
        if replay is not None and value is not None:
            raise InputError(f"--{name}: a recorded run is as it was; leave --{name} out with --replay")
    return str(source or replay)


def _show(simulation: "Simulation") -> None:
    from twinhop.output.kit.tables import PAIRS_HEADER, failed_rows
    from twinhop.output.runs.cost_unit import cost_in_unit
    from twinhop.output.runs.simulation_report import SHORT, header, late_lines, pair_rows, rows, title

    facts = simulation.to_json()
    shown = [column for column in SHORT if any(row[column[1]] is not None for row in facts["policies"])]
    columns = header(tuple(shown), facts)
    body = [*rows(facts, tuple(shown)), *failed_rows((each.policy for each in simulation.failures), len(columns))]
    print_table(f"{facts['source']}: {title(facts)}", columns, body)
    if pairs := pair_rows(facts):
        print_table(f"cost against {facts['against']}, seed by seed (IQM)", PAIRS_HEADER, pairs)
    if facts["offline_bound"] is not None:
        plan, gap = facts["offline_plan"], facts["offline_gap"]
        plan_words = "no plan" if plan is None else f"plan {cost_in_unit(facts, plan, 5)}, gap {100 * gap:.3g} %"
        bound = cost_in_unit(facts, facts["offline_bound"], 5)
        typer.echo(f"with full knowledge: certified bound {bound}, {plan_words}")
    if facts["utility_bound"] is not None:
        typer.echo(f"sum of utilities: certified bound {facts['utility_bound']:.5g}")
    for note in (*facts["notes"], *late_lines(facts)):
        typer.echo(f"note: {note}")
