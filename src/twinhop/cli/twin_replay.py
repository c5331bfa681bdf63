"""`twinhop twin replay`: feed twins a trace, and compare how they are kept in step."""

from typing import Annotated

import typer

from twinhop.cli.common import (
    FigureFormats,
    FigureStyles,
    ForceOut,
    Json,
    Out,
    Seed,
    Verbose,
    print_json,
    print_table,
    progress,
)

EXAMPLE = "Example: twinhop twin replay gauss_markov --sync fixed,delta,model --out out/replay"


def run(
    trace: Annotated[
        str,
        typer.Argument(
            help="Recorded movement, as `twinhop import trace` makes or takes it, or the name of a mobility model."
        ),
    ],
    sync: Annotated[str, typer.Option(help="Synchronisation policies, separated by commas.")] = "fixed,delta,model",
    tolerance_m: Annotated[float, typer.Option(help="Error that delta and model do not send \\[m].")] = 10.0,
    period_s: Annotated[
        float | None,
        typer.Option(help="Period of fixed \\[s].", show_default="longest with the p95 error of model, or of delta"),
    ] = None,
    longest_period_s: Annotated[float, typer.Option(help="Delta and model send after this in any case \\[s].")] = 60.0,
    behaviour: Annotated[str, typer.Option(help="Behaviour model of device and twin.")] = "constant_velocity",
    users: Annotated[int, typer.Option(help="Devices of a model; most devices of a trace.", min=1)] = 20,
    seconds: Annotated[float, typer.Option(help="Span that is replayed \\[s].")] = 600.0,
    sample_s: Annotated[float, typer.Option(help="Time between samples of a mobility model \\[s].")] = 1.0,
    noise_m: Annotated[float, typer.Option(help="Standard deviation of a measured coordinate \\[m].")] = 1.0,
    seed: Seed = None,
    as_json: Json = False,
    out: Out = None,
    figure_format: FigureFormats = "png",
    figure_style: FigureStyles = "screen",
    force: ForceOut = False,
    verbose: Verbose = False,
) -> None:
    """Feed twins a trace or generated movement, and compare which updates are sent and how far off the twins are."""
    from twinhop.cli.own_files import require_own
    from twinhop.output.replay.replay import (
        COVERAGE_HEADER,
        POLICY_HEADER,
        coverage_rows,
        policy_rows,
        title,
    )
    from twinhop.replay.options import motion_model, parse_sync
    from twinhop.replay.tracks import tracks_of
    from twinhop.replay.twin_replay import replay
    from twinhop.result import save_result

    policies, motion = parse_sync(sync), motion_model(behaviour, noise_m)
    require_own(out, "replay", force)
    with progress(f"replaying {trace}"):
        tracks, notes = tracks_of(trace, users, seconds, sample_s, noise_m, seed or 0)
        result = replay(trace, tracks, policies, motion, tolerance_m, noise_m, longest_period_s, period_s)
        facts = {**result.to_json(), "notes": list(notes)}
        written = [] if out is None else save_result(result, out, notes=notes)
    if as_json:
        print_json(facts)
        return
    for note in notes:
        typer.echo(f"note: {note}")
    print_table(title(facts), POLICY_HEADER, policy_rows(facts))
    if facts["coverage"]:
        print_table(f"truth inside the 90 % interval of {behaviour}", COVERAGE_HEADER, coverage_rows(facts))
    for path in written:
        typer.echo(f"wrote {path}")
