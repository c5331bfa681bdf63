"""`twinhop serve`: twins that live, on this machine."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twinhop.cli.common import Verbose

if TYPE_CHECKING:
    from twinhop.live.serve import Server
    from twinhop.live.serve.server import Addresses

EXAMPLE = "Example: twinhop serve city-small --data twins"


class Mode(StrEnum):
    """What the controller does with its plans."""

    shadow = "shadow"
    approve = "approve"
    auto = "auto"


class LogFormat(StrEnum):
    """How the log is written."""

    text = "text"
    json = "json"


def run(
    source: Annotated[str, typer.Argument(help="Scenario file (YAML) or preset name: the city.")],
    data: Annotated[Path, typer.Option(help="Folder of the twins; made where it is missing.")] = Path("twins"),
    config: Annotated[Path | None, typer.Option(help="Configuration (YAML).", show_default=False)] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen at; beyond this machine only with TLS.", show_default="127.0.0.1"),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of HTTP and WebSocket; 0: any.", show_default="8471", min=0, max=65_535)
    ] = None,
    mqtt_port: Annotated[
        int | None, typer.Option(help="Port of MQTT; 0: any.", show_default="1883", min=0, max=65_535)
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option(help="What the controller does with its plans.", show_default="shadow")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="Policy of placement or migration.", show_default="the configuration's")
    ] = None,
    slot: Annotated[float | None, typer.Option(help="From one decision to the next \\[s].", show_default="60")] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without TLS, behind a proxy that has it.")
    ] = False,
    log_format: Annotated[LogFormat | None, typer.Option(help="How the log is written.", show_default="text")] = None,
    verbose: Verbose = False,
) -> None:
    """Keep the twins of real devices: take their updates by HTTP, WebSocket and MQTT, forecast, and place them."""
    from twinhop.extras import require_extra

    require_extra("serve", "twinhop serve")
    from twinhop.live.serve import Server, load_config
    from twinhop.scenario import load_scenario

    changes = {
        "host": host,
        "port": port,
        "mqtt_port": mqtt_port,
        "controller_mode": mode and mode.value,
        "controller_policy": policy,
        "controller_slot_s": slot,
        "insecure": insecure or None,
    }
    settings = load_config(config, **{name: value for name, value in changes.items() if value is not None})
    if log_format is not None:
        log = settings.log.model_copy(update={"format": log_format.value})
        settings = settings.model_copy(update={"log": log})
    server = Server(load_scenario(source), data, settings)
    server.run(lambda addresses: _say(server, addresses))


def _say(server: "Server", addresses: "Addresses") -> None:
    from twinhop.live.serve.server import TOKEN

    mqtt = f"; MQTT at {addresses.mqtt}" if addresses.mqtt else ""
    typer.echo(
        f"{server.scenario.name}: twins in {server.data}; {addresses.url}{mqtt}; {server.config.controller.mode} mode"
    )
    if addresses.token:
        typer.echo(f"token of the administrator, shown this once: {addresses.token}")
        typer.echo(f"clients read it from {TOKEN}: export {TOKEN}=...")
