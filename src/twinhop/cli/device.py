"""`twinhop device`: play the devices of a scenario or a recording to a server."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinhop.cli.common import Json, Seed, Verbose, print_json, print_notes, print_table, share_progress
from twinhop.cli.exit_codes import UNACKNOWLEDGED

if TYPE_CHECKING:
    from twinhop.live.client.play import Played

EXAMPLE = "Example: twinhop device city-small --seconds 10 --show u0"
#: How far ahead the forecast that is shown looks [s].
SHOWN_AHEAD_S = 10.0


class DeviceTransport(StrEnum):
    """How updates travel."""

    http = "http"
    websocket = "websocket"


def run(
    source: Annotated[
        str, typer.Argument(help="Scenario file (YAML), preset, mobility model, or recorded movement (a trace).")
    ],
    url: Annotated[str, typer.Option(help="Address of the server.")] = "http://127.0.0.1:8471",
    transport: Annotated[DeviceTransport, typer.Option(help="How updates travel.")] = DeviceTransport.http,
    devices: Annotated[
        int | None, typer.Option(help="How many devices.", show_default="as many as the source has", min=1)
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="How long \\[s].", show_default="to the end of a recording, else until Ctrl-C")
    ] = None,
    speed: Annotated[float, typer.Option(help="Seconds of the source in one of the clock.")] = 1.0,
    sample_s: Annotated[float, typer.Option(help="Time between samples of a mobility model \\[s].")] = 1.0,
    policy: Annotated[
        str, typer.Option(help="What is sent: all, fixed:SECONDS, delta:METRES, or model:METRES.")
    ] = "delta:5",
    connections: Annotated[int, typer.Option(help="Connections for all devices together.", min=1, max=64)] = 4,
    show: Annotated[
        str | None, typer.Option(help="At the end, print the forecast of this device.", show_default=False)
    ] = None,
    seed: Seed = None,
    as_json: Json = False,
    verbose: Verbose = False,
) -> None:
    """Play the devices of a scenario or a recording to a server: create their twins, send what they would send."""
    import asyncio

    from twinhop.errors import InputError
    from twinhop.extras import require_extra

    require_extra("serve", "twinhop device")
    from twinhop.live.client.sampling import policy_of
    from twinhop.live.client.sources import played_source

    for name, value in (("--seconds", seconds), ("--speed", speed)):
        if value is not None and not 0 < value < float("inf"):
            raise InputError(f"{name}: must be greater than 0 and finite (got {value:g})")
    policy_of(policy, 2)
    read_s = None if seconds is None else seconds * speed
    devices_of = played_source(source, devices, sample_s, read_s, seed)
    if show is not None and show not in devices_of.ids:
        raise InputError(f"--show: {show[:80]!r} is none of the devices, {devices_of.ids[0]!r} and so on")
    with share_progress(f"{len(devices_of.ids)} devices to {url}", "updates acknowledged") as report:
        played, forecast = asyncio.run(
            _play(devices_of, url, transport.value, policy, speed, seconds, connections, show, seed or 0, report)
        )
    if as_json:
        print_json(played.to_json() | ({"forecast": forecast} if forecast else {}))
    else:
        print_notes(devices_of.notes)
        _show(played)
        if forecast:
            _show_forecast(forecast)
    if not played.is_complete:
        raise typer.Exit(UNACKNOWLEDGED)


async def _play(
    source: Any,
    url: str,
    transport: Any,
    policy: str,
    speed: float,
    seconds: float | None,
    connections: int,
    show: str | None,
    seed: int,
    report: Any,
) -> "tuple[Played, dict[str, Any]]":
    import asyncio
    import signal

    from twinhop.live.client import AsyncGatewayClient
    from twinhop.live.client.play import Player
    from twinhop.live.client.sampling import policy_of

    player = Player(source, lambda: policy_of(policy, 2), speed, seconds, seed, report)
    loop = asyncio.get_running_loop()
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    endings = [each for each, handler in before.items() if handler is not signal.SIG_IGN]
    for each in endings:
        loop.add_signal_handler(each, player.stop)
    try:
        async with AsyncGatewayClient(url, transport=transport, connections=connections) as client:
            created = await player.create(client)
            played = await player.play(client, created)
            forecast = {} if show is None else await client.forecast(show, SHOWN_AHEAD_S)
    finally:
        for each in endings:
            loop.remove_signal_handler(each)
            signal.signal(each, before[each])
    return played, forecast


def _show(played: "Played") -> None:
    facts = played.facts
    rows = [
        ("samples", f"{facts.offered:,}"),
        ("not sent, by the policy", f"{facts.not_sent:,}"),
        ("updates sent", f"{facts.sent:,}"),
        ("acknowledged: on the server's disk", f"{facts.acknowledged:,}"),
        ("sent again", f"{facts.resent:,}"),
        ("refused", f"{facts.refused:,}"),
        ("given up: too many waited", f"{facts.dropped:,}"),
        ("not acknowledged", f"{facts.waiting:,}"),
    ]
    if facts.acknowledged:
        rows += [
            ("round trip p50 [ms]", f"{1e3 * facts.round_trip_p50_s:.1f}"),
            ("round trip p99 [ms]", f"{1e3 * facts.round_trip_p99_s:.1f}"),
            ("acknowledged updates/s", f"{played.updates_per_s:.1f}"),
        ]
    twins = f"{played.created} twins created" if played.created else "all twins were there"
    print_table(f"{played.source}: {played.devices} devices, {played.seconds:.1f} s, {twins}", ("", "value"), rows)
    if played.late_s > 1.0:
        typer.echo(f"note: samples were {played.late_s:.1f} s late at the end: fewer devices, or less --speed")
    if facts.last_refusal:
        typer.echo(f"note: the server said: {facts.last_refusal}")


def _show_forecast(forecast: dict[str, Any]) -> None:
    """The forecast of a twin, a row a number."""
    share = f"{100 * forecast['level']:g} %"
    rows = []
    for name, each in forecast["dimensions"].items():
        numbers = zip(each.get("mean", ()), each.get("low", ()), each.get("high", ()), strict=True)
        for at, (mean, low, high) in enumerate(numbers):
            label = f"{name} {'xyz'[at]}" if len(each["mean"]) > 1 else name
            rows.append(
                (f"{label} [{each['unit']}]", _number(mean), f"{_number(low)} to {_number(high)}", each["model"])
            )
    header = ("", "expected", f"{share} interval", "model")
    print_table(f"twin {forecast['twin']}: forecast, {SHOWN_AHEAD_S:g} s from now", header, rows)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f}"
