"""What a server is started with: addresses, limits, twins, controller."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from twinhop.errors import InputError
from twinhop.io.text_file import read_text
from twinhop.io.yaml_io import lines_of, read_yaml
from twinhop.live.control.config import ControllerConfig
from twinhop.live.gateway.gateway import DEFAULT_SPEC, DoorLimits
from twinhop.live.limits import Limits
from twinhop.live.serve.services import ServiceConfig
from twinhop.live.spec import TwinSpec
from twinhop.scenario.fields import Section, Text, problem
from twinhop.scenario.validation_errors import input_error
from twinhop.twin.dimension import Identifier

PORT, MQTT_PORT = 8471, 1883
Port = Annotated[int, Field(strict=True, ge=0, le=65_535)]


def _limits(value: dict[str, Any], kind: type[DoorLimits] | type[Limits]) -> dict[str, Any]:
    usual = asdict(kind())
    for name, number in value.items():
        if name not in usual:
            raise problem(f"unknown limit {name!r}; accepted: {', '.join(usual)}")
        whole = isinstance(usual[name], int)
        if isinstance(number, bool) or not isinstance(number, int if whole else int | float) or not number > 0:
            raise problem(f"{name}: must be a {'whole ' if whole else ''}number greater than 0 (got {number!r})"[:200])
    return value


class Tls(Section):
    """The server's certificate, for HTTP and MQTT."""

    certificate: Text = Field(description="file of the certificate and those it rests on, PEM")
    key: Text = Field(description="file of its private key, PEM")


class LogConfig(Section):
    """What is logged, on standard error."""

    format: Literal["text", "json"] = Field(default="text", description="one line a record: words, or JSON")
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="from which level")


class ServeConfig(Section):
    """Settings of a server.

    >>> ServeConfig().port
    8471
    """

    host: Text = Field(default="127.0.0.1", description="address to listen at; beyond this machine only with tls")
    port: Port = Field(default=PORT, description="of HTTP and WebSocket; 0: any that is free")
    mqtt_port: Port | None = Field(default=MQTT_PORT, description="of MQTT; 0: any that is free; null: no MQTT")
    insecure: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="listen beyond this machine without tls: behind a proxy that has it"
    )
    tls: Tls | None = Field(default=None, description="certificate; null: none")
    create_unknown: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="whether an unknown twin's first update, from a gateway, creates it"
    )
    twins: TwinSpec = Field(
        default_factory=partial(TwinSpec.model_validate_json, DEFAULT_SPEC),
        description="what twins are made of that are created without a specification",
    )
    services: dict[Identifier, ServiceConfig] = Field(
        default={}, description="twins of services by id, made of those of devices that have the schema of `twins`"
    )
    controller: ControllerConfig = Field(default=ControllerConfig(), description="how and when it decides")
    doors: Annotated[dict[str, Any], AfterValidator(partial(_limits, kind=DoorLimits))] = Field(
        default={}, description="limits of what comes in, those that differ"
    )
    limits: Annotated[dict[str, Any], AfterValidator(partial(_limits, kind=Limits))] = Field(
        default={}, description="limits of the journal and of twins in memory, those that differ"
    )
    log: LogConfig = Field(default=LogConfig(), description="the log")

    @property
    def door_limits(self) -> DoorLimits:
        """The limits of what comes in."""
        return DoorLimits(**self.doors)

    @property
    def host_limits(self) -> Limits:
        """The limits of the host."""
        return Limits(**self.limits)

    def check_exposure(self) -> None:
        """Refuse to listen beyond this machine without TLS, where that is not said to be meant.

        Raises:
            InputError: it would.
        """
        if not (self.is_local or self.tls or self.insecure):
            raise InputError(
                f"host {self.host}: others could read tokens on the way; give a certificate (tls in the "
                "configuration), listen at 127.0.0.1, or, behind a proxy that has one, say --insecure"
            )

    @property
    def is_local(self) -> bool:
        """Whether only this machine is listened to."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def load_config(path: Path | None, **changes: Any) -> ServeConfig:
    """The configuration in a file of YAML, with changes.

    Args:
        path: of the file; None: all as usual.
        changes: fields in place of the file's; those of the controller as ``controller_...``.

    Raises:
        InputError: it is none; the message names file, line and field.
    """
    text = read_text(path) if path is not None else ""
    name = str(path) if path is not None else "serve"
    value = read_yaml(text, name) if text.strip() else {}
    if not isinstance(value, dict):
        raise InputError(f"{name}: expected settings by name, such as `port: {PORT}`")
    own = dict(changes)
    inner = {key.removeprefix("controller_"): own.pop(key) for key in list(own) if key.startswith("controller_")}
    if inner:
        controller = value.get("controller") or {}
        value = {**value, "controller": {**controller, **inner} if isinstance(controller, dict) else controller}

    def where(paths: Any) -> dict[Any, str]:
        lines = lines_of(text, paths) if text.strip() else {}
        return {each: f"{name}:{lines[each]}" if each in lines else name for each in paths}

    try:
        return ServeConfig.model_validate({**value, **own})
    except ValidationError as error:
        raise input_error(error, ServeConfig, where) from None
