"""The whole application: the door, all routes, and the document that states them."""

from __future__ import annotations

from typing import Any

from twinhop.live.http.app import create_app
from twinhop.live.http.edge import Observe
from twinhop.live.http.routes import ROUTERS
from twinhop.live.http.routes.context import Context


def make_api(context: Context, observe: Observe | None = None) -> Any:
    """The application.

    Args:
        context: what the routes show.
        observe: told of every answer.
    """
    return create_app(context, context.gateway.limits, ROUTERS, observe)
