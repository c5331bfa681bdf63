"""A backup of all that the server keeps, for administrators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from twinhop.live.gateway.problems import Problem
from twinhop.live.http.heads import IS_HEAD
from twinhop.live.http.routes.guard import Api, needs, router
from twinhop.live.http.routes.responses import answers
from twinhop.live.operate.backup import copied_by, snapshot_of

routes = router("backup")
MEDIA_TYPE = "application/x-tar"
HEADERS = {"Content-Disposition": 'attachment; filename="twinhop-backup.tar"', "Cache-Control": "no-store"}
#: When to try again while another backup is made [s].
RETRY_S = 60.0


@routes.get(
    "/backup",
    dependencies=needs("admin"),
    response_class=Response,
    responses={
        200: {"description": "The archive, as `twinhop restore` takes it.", "content": {MEDIA_TYPE: {}}},
        **answers(507),
    },
)
async def get_backup(api: Api, request: Request) -> Response:
    """Get the journal, checkpoints, tokens and records as they are at one moment, in one tar file."""
    if request.scope.get(IS_HEAD):
        return Response(media_type=MEDIA_TYPE, headers=HEADERS)
    lock = _lock(request)
    if lock.locked():
        raise Problem("unavailable", "another backup is being made; one at a time", RETRY_S)
    await lock.acquire()
    stack = ExitStack()
    stack.callback(lock.release)
    try:
        host, folder = api.gateway.host, api.gateway.tokens.path.parent
        snapshot = snapshot_of(folder, copied_by(host), spare_bytes=host.limits.free_bytes)
        archive = await asyncio.to_thread(stack.enter_context, snapshot)
    except BaseException:
        stack.close()
        raise
    return _Sent(archive.chunks(), stack, {**HEADERS, "Content-Length": str(archive.size)})


class _Sent(StreamingResponse):
    """An archive that is sent; however that ends, its copies go."""

    def __init__(self, pieces: Iterator[bytes], stack: ExitStack, headers: dict[str, str]) -> None:
        super().__init__(_in_threads(pieces), media_type=MEDIA_TYPE, headers=headers)
        self._stack = stack

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See ASGI."""
        with self._stack:
            await super().__call__(scope, receive, send)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces that are read without holding the loop up."""
    while piece := await asyncio.to_thread(next, pieces, b""):
        yield piece


def _lock(request: Request) -> asyncio.Lock:
    """Held while a backup of this server is made."""
    state = request.app.state
    if not hasattr(state, "backups"):
        state.backups = asyncio.Lock()
    return state.backups
