"""Carries out what a courier says, over HTTP or a WebSocket."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from twinhop.errors import InputError
from twinhop.extras import require_extra
from twinhop.live.client.back_off import retry_after_s
from twinhop.live.client.courier import Connect, Courier, Halt, Refusal, Send, Wait, by_twin
from twinhop.live.client.outbox import Update

if TYPE_CHECKING:
    import httpx

LOG = logging.getLogger("twinhop.live.client")
TOKEN = "TWINHOP_TOKEN"  # noqa: S105
#: A cancellation that was lost is repeated after this [s].
CANCEL_WAIT_S = 0.5
SUBPROTOCOL = "twinhop.v1"
PACKED = "application/msgpack"
Transport = Literal["http", "websocket"]
OnDesired = Callable[[str, int, dict[str, Any]], None]
OnGone = Callable[[list[Update]], None]


def address(url: str) -> str:
    """The address of a server, without a slash at its end.

    Raises:
        InputError: it is none of HTTP.
    """
    if "@" in url:
        raise InputError(f"url: holds a secret, which logs would show; give the token in {TOKEN}")
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # brackets that do not match, a port that is no number
        parts, is_whole = urlsplit(""), False
    if not is_whole or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise InputError(f"url: got {url[:200]!r}; expected the server's, as http://127.0.0.1:8471")
    return url.rstrip("/")


def token_of(token: str | None) -> str:
    """The token that is given, or that of the environment.

    Raises:
        InputError: there is none.
    """
    found = (token or os.environ.get(TOKEN, "")).strip()
    if not found or not found.isascii() or not found.isprintable():
        why = "is not set" if not found else "is not a token: it has letters that no token has"
        raise InputError(f"{TOKEN}: {why}; `twinhop serve` prints the administrator's at its first start")
    return found


def http_client(url: str, token: str, timeout_s: float) -> httpx.AsyncClient:
    """A client of the server's API.

    Raises:
        InputError: the server's name is none.
    """
    require_extra("serve", "twinhop.live.client")
    import httpx

    try:
        return httpx.AsyncClient(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=timeout_s, trust_env=False
        )
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InputError(f"url: got {url[:200]!r}: {error}; expected the server's, as http://127.0.0.1:8471") from None


def refusal_of(status: int, headers: Mapping[str, str], body: bytes) -> Refusal:
    """Why the server said no, from an answer that is a problem, or anything."""
    import msgspec

    try:
        problem = msgspec.json.decode(body, type=dict)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = {}
    kind = str(problem.get("code") or problem.get("type") or "").rpartition("/")[2]
    wait_s = retry_after_s(headers.get("retry-after"), time.time())
    detail = problem.get("detail") or problem.get("title") or f"the server answered {status}"
    return Refusal(status, kind or f"status-{status}", str(detail)[:500], wait_s)


class Connection:
    """One courier and what carries its updates, in the loop that runs `run`.

    Args:
        courier: says what to do.
        url: of the server.
        token: of the caller.
        twin: whose updates alone go here; None: those of many.
        on_gone: told what is not kept any more.
        on_desired: told of desired settings; None: nobody asks.
        client: of HTTP.
    """

    def __init__(
        self,
        courier: Courier,
        url: str,
        token: str,
        twin: str | None,
        client: httpx.AsyncClient,
        on_gone: OnGone,
        on_desired: OnDesired | None,
    ) -> None:
        self.courier = courier
        self._url, self._token, self._twin, self._client = url, token, twin, client
        self._on_gone, self._on_desired = on_gone, on_desired
        self._news, self._settled = asyncio.Event(), asyncio.Event()
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None
        self._desired = (0, "")
        self._task: asyncio.Task[None] | None = None
        self._is_ended = False

    def start(self) -> None:
        """Begin to send, in the running loop."""
        self._task = asyncio.create_task(self.run())

    async def end(self) -> None:
        """Stop sending."""
        self._is_ended = True  # `wait_for` loses a cancellation that comes together with what it waits for
        if self._task is not None:
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=CANCEL_WAIT_S)
            if not self._task.cancelled() and self._task.exception() is not None:
                LOG.error("the client failed: %r", self._task.exception(), exc_info=self._task.exception())
        self._disconnect()

    def wake(self) -> None:
        """Something was offered, or the end is near."""
        self._news.set()

    async def settled(self) -> None:
        """Wait until nothing is kept any more, or all has ended."""
        self.wake()
        while len(self.courier.outbox) and not self.courier.why_stopped:
            self._settled.clear()
            await self._settled.wait()

    async def run(self) -> None:
        """Send until ended, or stopped by the server."""
        try:
            while not self._is_ended:
                self._news.clear()
                match self.courier.next(time.monotonic()):
                    case Halt():
                        return
                    case Wait(until_s):
                        await self._wait(until_s)
                    case Connect():
                        await self._connect()
                    case Send(batch):
                        await (self._send_messages(batch) if self.courier.is_socket else self._request(batch))
        finally:
            self._settled.set()

    async def watch_desired(self, every_s: float) -> None:
        """Ask for desired settings over HTTP, again and again."""
        assert self._twin is not None and self._on_desired is not None
        headers = {}
        while not self.courier.why_stopped:
            wait_s = every_s
            try:
                answer = await self._client.get(f"/v1/twins/{quote(self._twin, safe='')}/desired", headers=headers)
                if answer.status_code == 200:
                    body = answer.json()
                    headers = {"If-None-Match": answer.headers.get("etag", "")}
                    self._tell_desired(self._twin, body)
                else:
                    wait_s = max(every_s, retry_after_s(answer.headers.get("retry-after"), time.time()))
            except (OSError, ValueError, _http_error()):
                pass  # updates tell whether the server is there; settings are asked for again
            await asyncio.sleep(wait_s)

    async def _wait(self, until_s: float) -> None:
        seconds = None if math.isinf(until_s) else max(0.0, until_s - time.monotonic())
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    async def _request(self, batch: list[Update]) -> None:
        import msgspec

        if self._twin is None:
            path, updates = "/v1/updates", [{"twin": each.twin, **_wire(each)} for each in batch]
        else:
            path, updates = f"/v1/twins/{quote(self._twin, safe='')}/updates", [_wire(each) for each in batch]
        try:
            answer = await self._client.post(
                path, content=msgspec.msgpack.encode({"updates": updates}), headers={"Content-Type": PACKED}
            )
            now_s = time.monotonic()
            if answer.status_code != 200:
                why = refusal_of(answer.status_code, answer.headers, answer.content)
                self._gone(self.courier.refused(batch, why, now_s))
                return
            body = msgspec.json.decode(answer.content, type=dict)
            if self._twin is None:
                refused = {each["index"]: _refusal_of_one(each) for each in body.get("refused", ())}
                self._gone(self.courier.answered(batch, refused, now_s))
            else:
                through = body["acked_through"]
                self._gone(self.courier.acknowledged(self._twin, through["incarnation"], through["seq"], now_s))
                self.courier.outbox.rewind()  # where less was acknowledged than sent
        except (OSError, ValueError, KeyError, TypeError, IndexError, _http_error()):
            self.courier.lost(time.monotonic())

    async def _connect(self) -> None:
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException

        self._disconnect()
        timeout_s = self.courier.settings.timeout_s
        try:
            self._socket = await connect(
                "ws" + self._url.removeprefix("http") + "/v1/socket",
                additional_headers={"Authorization": f"Bearer {self._token}"},
                subprotocols=[SUBPROTOCOL],  # pyright: ignore[reportArgumentType]
                open_timeout=timeout_s,
                close_timeout=1.0,
                proxy=None,
                max_queue=1024,
            )
            hello = await asyncio.wait_for(self._message(), timeout_s)
            if "problem" in hello:
                self._heard_problem(hello)
                return
            self.courier.connected(int(hello["window"]))
            self._reader = asyncio.create_task(self._read())
        except InvalidStatus as error:
            answer = error.response
            why = refusal_of(answer.status_code, answer.headers, bytes(answer.body or b""))
            self._gone(self.courier.refused([], why, time.monotonic()))
        except (OSError, TimeoutError, WebSocketException, ValueError, KeyError, TypeError):
            self.courier.lost(time.monotonic())

    async def _send_messages(self, batch: list[Update]) -> None:
        import msgspec
        from websockets.exceptions import WebSocketException

        most = self.courier.settings.batch
        try:
            for twin, updates in by_twin(batch).items():
                for at in range(0, len(updates), most):
                    part = [_wire(each) for each in updates[at : at + most]]
                    message = msgspec.msgpack.encode({"twin": twin, "updates": part})
                    await asyncio.wait_for(self._socket.send(message), self.courier.settings.timeout_s)
        except (OSError, TimeoutError, WebSocketException):
            self._disconnect()
            self.courier.lost(time.monotonic())

    async def _read(self) -> None:
        from websockets.exceptions import WebSocketException

        try:
            while True:
                self._heard(await self._message())
        except asyncio.CancelledError:
            raise
        except Exception as error:
            if not isinstance(error, OSError | WebSocketException | ValueError | KeyError | TypeError):
                raise
            if self.courier.is_connected:
                self.courier.lost(time.monotonic())
            self.wake()

    async def _message(self) -> dict[str, Any]:
        import msgspec

        text = await self._socket.recv()
        if isinstance(text, str):
            return msgspec.json.decode(text, type=dict)
        return msgspec.msgpack.decode(text, type=dict)

    def _heard(self, message: dict[str, Any]) -> None:
        if "acked_through" in message:
            through = message["acked_through"]
            now_s = time.monotonic()
            self._gone(self.courier.acknowledged(message["twin"], through["incarnation"], through["seq"], now_s))
            self.wake()
        elif "desired" in message:
            self._tell_desired(message["twin"], message["desired"])
        elif "problem" in message:
            self._heard_problem(message)
            raise ConnectionResetError("the server said no; what follows is sent on another connection")

    def _heard_problem(self, message: dict[str, Any]) -> None:
        problem = message["problem"]
        why = Refusal(
            int(problem.get("status", 500)),
            str(problem.get("code", "problem")),
            str(problem.get("detail", ""))[:500],
            retry_after_s(str(problem.get("retry_after_s") or ""), 0.0),
        )
        batch: list[Update] = []
        if "twin" in message:
            through = (message["incarnation"], message["seq"]) if "seq" in message else None
            batch = self.courier.outbox.sent_of(message["twin"], int(message.get("count", 1)), through)
        self._gone(self.courier.refused(batch, why, time.monotonic()))

    def _disconnect(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None
        if self._socket is not None:
            socket, self._socket = self._socket, None
            socket.transport.abort()  # what it was about is sent again; a close could wait for a server that hangs

    def _tell_desired(self, twin: str, body: Mapping[str, Any]) -> None:
        known = (int(body["version"]), twin)
        if self._on_desired is not None and known[0] and known != self._desired:
            self._desired = known
            try:
                self._on_desired(twin, known[0], dict(body.get("values", {})))
            except Exception:
                LOG.exception("twin %r: what is called with desired settings failed", twin)

    def _gone(self, updates: list[Update]) -> None:
        if updates:
            self._on_gone(updates)
        self._settled.set()


def _wire(update: Update) -> dict[str, Any]:
    return {
        "seq": update.seq,
        "incarnation": update.incarnation,
        "observed_s": update.observed_s,
        "values": update.values,
    }


def _http_error() -> type[Exception]:
    import httpx

    return httpx.HTTPError


def _refusal_of_one(each: Mapping[str, Any]) -> Refusal:
    """The problem of one update among many; what its code does not say, its status does."""
    passing = {"busy": 429, "rate": 429, "stopped": 503, "unavailable": 503, "no-room": 507, "internal": 500}
    code = str(each["code"])
    return Refusal(passing.get(code, 400), code, str(each.get("detail", ""))[:500])
