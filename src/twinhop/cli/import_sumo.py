"""`twinhop import sumo`: traffic that SUMO drives, as a trace."""

from typing import Annotated

import typer

from twinhop.cli.common import Json, counting_progress, print_result
from twinhop.cli.import_trace import Attribution, Force, MaxGap, Origin, OutTrace, parse_origin, show

EXAMPLE = "Example: twinhop import sumo --generate grid --vehicles 100 --seconds 600 --seed 1 --out traffic.parquet"


def run(
    out: OutTrace,
    generate: Annotated[
        str, typer.Option(metavar="grid|FILE.net.xml", help="A grid, or the network to drive in.")
    ] = "grid",
    vehicles: Annotated[int, typer.Option(help="How many vehicles drive.", min=1)] = 100,
    seconds: Annotated[int, typer.Option(help="For how long \\[s].", min=1)] = 600,
    seed: Annotated[int, typer.Option(help="The same seed gives the same trace.", min=0)] = 0,
    live: Annotated[bool, typer.Option("--live", help="Step SUMO slot by slot, over libsumo.")] = False,
    origin: Origin = None,
    max_gap_s: MaxGap = None,
    attribution: Attribution = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Let SUMO drive vehicles in a network, without a window, and import where they were (extra `sumo`)."""
    from twinhop.cli.import_files import check_attribution
    from twinhop.scenario.traces import ImportOptions
    from twinhop.scenario.traces.sumo import Traffic, import_sumo

    check_attribution(attribution or ())
    options = ImportOptions(origin=parse_origin(origin), longest_gap_s=max_gap_s, attribution=tuple(attribution or ()))
    with counting_progress("SUMO", seconds, "s") as report:
        imported = import_sumo(
            Traffic(generate, vehicles, seconds, seed),
            out,
            live=live,
            options=options,
            overwrite=force,
            on_second=report,
        )
    print_result(imported, as_json, show)
