"""Metrics for Prometheus."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from twinhop.live.http.health import admit_to_facts
from twinhop.live.http.routes.guard import context_of

routes = APIRouter(tags=["health"])


@routes.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "As Prometheus reads them.", "content": {"text/plain": {}}}},
)
async def metrics(request: Request) -> Response:
    """What doors, host and controller have done; from elsewhere than this machine with a token that may read."""
    context = context_of(request)
    admit_to_facts(context.gateway, request)
    text, kind = await asyncio.to_thread(context.metrics.text, request.headers.get("accept", ""))
    return Response(text, headers={"content-type": kind})
