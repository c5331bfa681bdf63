"""Whether the server lives, and whether it takes updates now."""

from __future__ import annotations

import ipaddress
from typing import Any

from fastapi import APIRouter, Request, Response

from twinhop.live.gateway.gateway import Gateway
from twinhop.live.gateway.problems import Problem
from twinhop.live.http.routes.guard import context_of, token_of

PROXIED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
"""Headers of requests that a proxy has handed on: whoever sent them is elsewhere."""

routes = APIRouter(prefix="/health", tags=["health"])


@routes.get("/live")
async def live() -> dict[str, bool]:
    """The process answers."""
    return {"live": True}


@routes.get(
    "/ready", responses={503: {"description": "It takes no updates now", "content": {"application/problem+json": {}}}}
)
async def ready(request: Request, response: Response) -> dict[str, Any]:
    """Updates are accepted, and what is acknowledged is on disk; from elsewhere than this machine with a token."""
    gateway = context_of(request).gateway
    admit_to_facts(gateway, request)
    reason = gateway.unready()
    if reason:
        raise Problem("unavailable", reason, 5.0)
    return {"ready": True, "damaged_twins": gateway.host.facts()["damaged_twins"]}


def admit_to_facts(gateway: Gateway, request: Any) -> None:
    """Let a caller of this machine through, and one from elsewhere, or through a proxy, with a token that may read.

    Raises:
        Problem: ``unauthorized`` or ``forbidden``.
    """
    is_direct = not PROXIED.intersection(request.headers.keys())
    if not (is_direct and is_local(request.client.host if request.client else "")):
        gateway.require(gateway.caller(token_of(request)), "read")


def is_local(address: str) -> bool:
    """Whether an address is of this machine.

    >>> is_local("127.0.0.1"), is_local("::1"), is_local("10.0.0.7")
    (True, True, False)
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
