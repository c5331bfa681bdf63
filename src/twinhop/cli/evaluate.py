"""`twinhop evaluate`: agents and policies on the same episodes of an environment, or learned weights on instances."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    Out,
    Verbose,
    exit_if_failed,
    positive,
    print_result,
    print_table,
    save,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.training.evaluation import LearnedEvaluation
    from twinhop.training.policy_evaluation import PolicyEvaluation

EXAMPLE = "Example: twinhop evaluate lu2021-n80-m5 --policies nearest,maddpg,lagrangian --episodes 5"
SCENARIO_SUFFIXES = (".yaml", ".yml")
#: Options of each way of evaluating, by the names of the parameters below.
EPISODE_OPTIONS = (
    *("episodes", "task", "scenario", "horizon", "users", "stations", "redraws", "fading", "start", "time_limit_s"),
)
WEIGHT_OPTIONS = ("seeds", "decode", "polish")


def run(
    source: Annotated[
        str,
        typer.Argument(
            help="An environment (twinhop/Placement-v0, twinhop/Migration-v0), scenario or preset: policies and agents "
            "on its episodes. Or a checkpoint, folder of a run, or maddpg: its weights on instances."
        ),
    ],
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Of weights: scenarios or presets.", show_default="what they were trained on"),
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            help="What is put side by side, separated by commas: policies, also your own as mine.py:function, and in "
            "episodes agents: mine.py:agent, SB3:PATH.",
            show_default="some that are quick",
        ),
    ] = None,
    episodes: Annotated[int | None, typer.Option(help="How many episodes.", min=1, show_default="20")] = None,
    task: Annotated[
        str | None, typer.Option(help="placement or migration.", show_default="of the environment, else placement")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Scenario of an environment named by its id.", show_default="lu2021-n100-m10")
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="Slots of an episode.", min=1, show_default="25")] = None,
    users: Annotated[
        int | None, typer.Option(help="How many users, of a scenario that generates them.", min=1, show_default=False)
    ] = None,
    stations: Annotated[
        int | None, typer.Option(help="How many stations, likewise.", min=1, show_default=False)
    ] = None,
    redraws: Annotated[
        bool | None,
        typer.Option("--redraws", help="Draw new stations and users in every episode.", show_default=False),
    ] = None,
    fading: Annotated[
        str | None,
        typer.Option(help="none, or rayleigh, drawn anew in every slot.", show_default="of the scenario"),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Where in a recording episodes begin: random, by the seed, or first.", show_default="random"),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            callback=positive,
            help="Wall-clock limit of a solve, and of each decision of an agent or policy of your own, whose process "
            "is ended \\[s].",
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Of weights: how many worlds of each source.", min=1, show_default="20")
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Seed of the first world; 1000 and up are kept for evaluation.", min=0)
    ] = 1000,
    decode: Annotated[
        str | None,
        typer.Option(help="Of weights: calibrated, or argmax: the highest score wins.", show_default="calibrated"),
    ] = None,
    polish: Annotated[
        int | None, typer.Option(help="Of weights: best local moves after decoding.", min=0, show_default="0")
    ] = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Agents, policies and the certified bound on the same episodes; or learned weights on instances."""
    from twinhop.cli.own_files import require_own

    given = {
        name: value
        for name, value in {
            "episodes": episodes,
            "task": task,
            "scenario": scenario,
            "horizon": horizon,
            "users": users,
            "stations": stations,
            "redraws": redraws,
            "fading": fading,
            "start": start,
            "time_limit_s": time_limit,
            "seeds": seeds,
            "decode": decode,
            "polish": polish,
        }.items()
        if value is not None
    }
    in_episodes = _names_world(source, given)
    _require_fitting(source, sources or (), given, in_episodes)
    command = "episodes" if in_episodes else "evaluate"
    require_own(out, command, force)
    with share_progress(f"evaluate {source}", "decided" if in_episodes else "worlds") as report:
        if in_episodes:
            from twinhop.training.policy_evaluation import evaluate_policies

            result: Any = evaluate_policies(source, policies, seed=seed, on_progress=report, **given)
        else:
            from twinhop.training.evaluation import BASELINES, evaluate_checkpoint

            chosen = BASELINES if policies is None else policies
            result = evaluate_checkpoint(source, sources or (), seed=seed, policies=chosen, on_progress=report, **given)
    written, _ = save(out, result.save, command)
    print_result(result, as_json, _show_episodes if in_episodes else _show, written)
    exit_if_failed(getattr(result, "failures", ()))


def _names_world(source: str, given: dict[str, Any]) -> bool:
    """Whether the first argument is an environment, a scenario or a preset rather than a checkpoint.

    Raises:
        InputError: it might be both, or is a problem file.
    """
    from twinhop.errors import InputError
    from twinhop.plans.planning import PROBLEM_SUFFIXES
    from twinhop.scenario.presets.presets import is_preset
    from twinhop.training.policy_evaluation import ENVIRONMENTS

    path = Path(source)
    if path.suffix.lower() in PROBLEM_SUFFIXES:
        raise InputError(
            f"{source}: is a problem file, which has no episodes and no weights; use `twinhop compare {source}`"
        )
    if is_preset(source) and path.is_dir():
        raise InputError(
            f"{source}: is a preset and a folder here; name the folder ./{source} to evaluate its weights, or run this "
            "elsewhere to evaluate policies in the preset"
        )
    named = source in ENVIRONMENTS or is_preset(source) or path.suffix.lower() in SCENARIO_SUFFIXES
    return named or (not path.exists() and source != "maddpg" and any(name in given for name in EPISODE_OPTIONS))


def _require_fitting(source: str, sources: Any, given: dict[str, Any], in_episodes: bool) -> None:
    """Refuse what belongs to the other way of evaluating."""
    from twinhop.errors import InputError

    foreign = [name for name in given if name in (WEIGHT_OPTIONS if in_episodes else EPISODE_OPTIONS)]
    what = "the world of episodes" if in_episodes else "a checkpoint"
    if foreign:
        other = "weights (a checkpoint, a run, maddpg)" if in_episodes else "an environment, a scenario or a preset"
        option = "time-limit" if foreign[0] == "time_limit_s" else foreign[0]
        raise InputError(f"--{option}: is an option of evaluating {other}, and {source} is {what}; leave it out")
    if in_episodes and sources:
        raise InputError(
            f"{sources[0]}: a second source; {source} is {what}, of which one is evaluated at a time: name policies "
            "with --policies"
        )


def _show_episodes(evaluation: "PolicyEvaluation") -> None:
    from twinhop.output.training.policy_evaluation import cells, header

    print_table(evaluation.title, header(evaluation), [cells(row) for row in evaluation.rows()])


def _show(evaluation: "LearnedEvaluation") -> None:
    from twinhop.output.kit.tables import PAIRS_HEADER
    from twinhop.output.training.evaluation import cells, header_of, pair_rows

    for each in evaluation.sources:
        size = f"{each.users} users, {each.stations} stations, {len(each.root_seeds)} worlds"
        header = [name.replace("[", "").replace("]", "") for name in header_of(each)]
        print_table(f"{each.source}: {size}, {evaluation.decode}", header, [cells(row) for row in each.rows()])
        if pairs := pair_rows(each.rows()):
            print_table(f"{each.source}: cost against the learned weights, world by world (IQM)", PAIRS_HEADER, pairs)
