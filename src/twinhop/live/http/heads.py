"""HEAD where there is a GET: the same answer without its body."""

from __future__ import annotations

from typing import Any

IS_HEAD = "twinhop.head"
"""In the scope of a request that is answered without a body."""


class Heads:
    """Middleware that answers HEAD with the head of what GET answers.

    Args:
        app: inside.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on as GET, and send no body."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Any) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET", IS_HEAD: True}, receive, without_body)
