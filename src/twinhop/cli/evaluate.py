"""`twinhop evaluate`: judge learned weights on worlds kept for evaluation."""

from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    Out,
    Verbose,
    print_result,
    print_table,
    save,
    share_progress,
)

if TYPE_CHECKING:
    from twinhop.training.evaluation import LearnedEvaluation

EXAMPLE = 'Example: twinhop evaluate maddpg lu2021-n100-m10 "family(100, 10)" --polish 10'


def run(
    checkpoint: Annotated[str, typer.Argument(help="Checkpoint, folder of a run, or maddpg: that of the package.")],
    sources: Annotated[
        list[str] | None, typer.Argument(help="Scenarios or presets.", show_default="what it was trained on")
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many worlds of each source.", min=1)] = 20,
    seed: Annotated[
        int, typer.Option(help="Seed of the first world; 1000 and up are kept for evaluation.", min=0)
    ] = 1000,
    decode: Annotated[str, typer.Option(help="calibrated, or argmax: the highest score wins.")] = "calibrated",
    polish: Annotated[int, typer.Option(help="Best local moves after decoding.", min=0)] = 0,
    policies: Annotated[
        str | None,
        typer.Option(
            help="Policies beside the weights, also your own as mine.py:function, separated by commas.",
            show_default="seven that are quick",
        ),
    ] = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Cost, certified gap and decision time of learned weights, beside policies and solvers."""
    from twinhop.cli.own_files import require_own
    from twinhop.training.evaluation import BASELINES, evaluate_checkpoint

    require_own(out, "evaluate", force)
    with share_progress(f"evaluate {checkpoint}", "worlds") as report:
        evaluation = evaluate_checkpoint(
            checkpoint,
            sources or (),
            seeds=seeds,
            seed=seed,
            decode=decode,
            polish=polish,
            policies=BASELINES if policies is None else policies,
            on_progress=report,
        )
    written, _ = save(out, evaluation.save)
    print_result(evaluation, as_json, _show, written)


def _show(evaluation: "LearnedEvaluation") -> None:
    from twinhop.output.training.evaluation import HEADER, cells

    for each in evaluation.sources:
        size = f"{each.users} users, {each.stations} stations, {len(each.root_seeds)} worlds"
        header = [name.replace("[", "").replace("]", "") for name in HEADER]
        print_table(f"{each.source}: {size}, {evaluation.decode}", header, [cells(row) for row in each.rows()])
