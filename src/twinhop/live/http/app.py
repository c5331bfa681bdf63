"""The application behind the HTTP door, put together from routers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI

from twinhop._version import __version__
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.http import health, ingest, metrics, socket
from twinhop.live.http.answers import answer_problems
from twinhop.live.http.document import state_document
from twinhop.live.http.edge import Edge, Observe
from twinhop.live.http.heads import Heads
from twinhop.live.http.paths import EncodedPaths
from twinhop.live.http.routes import backups


def create_app(
    context: Any, limits: DoorLimits, routers: Sequence[APIRouter] = (), observe: Observe | None = None
) -> Edge:
    """The application.

    Args:
        context: what the routes show, at ``request.app.state.context``; it has a `gateway`.
        limits: of what comes in.
        routers: of further routes.
        observe: told of every answer.
    """
    app = FastAPI(title="twinhop", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = context
    for each in (
        ingest.routes,
        socket.routes,
        health.routes,
        metrics.routes,
        backups.routes,
        *routers,
    ):  # first what is asked for most
        app.include_router(each)
    answer_problems(app)
    state_document(app)
    return Edge(EncodedPaths(ingest.FirstLane(Heads(app), context)), limits, observe)
