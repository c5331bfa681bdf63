"""A device's client for programs without a loop: a thread of its own sends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from twinhop.live.client.async_device_client import DEFAULT_URL, AsyncDeviceClient
from twinhop.live.client.connection import Transport
from twinhop.live.client.facts import ClientFacts
from twinhop.live.client.sampling import Judge, Values
from twinhop.live.client.settings import ClientSettings

#: How long the end waits for the thread beyond what closing may take [s].
END_WAIT_S = 5.0


class DeviceClient:
    """One device and its twin, as `AsyncDeviceClient`: `offer` may be called from any thread, and needs no loop.

    Args:
        twin: as `AsyncDeviceClient` has it.
        url: the same.
        token: the same.
        transport: the same.
        policy: the same.
        spool: the same.
        settings: the same.
        on_desired: the same, called from the client's thread.

    Raises:
        InputError: the same.
    """

    def __init__(
        self,
        twin: str,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        transport: Transport = "http",
        policy: Judge | Mapping[str, Judge] | None = None,
        spool: Path | str | None = None,
        settings: ClientSettings | None = None,
        on_desired: Callable[[int, dict[str, Any]], None] | None = None,
    ) -> None:
        self._client = AsyncDeviceClient(
            twin,
            url,
            token=token,
            transport=transport,
            policy=policy,
            spool=spool,
            settings=settings,
            on_desired=on_desired,
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"twin {twin}"[:64], daemon=True)
        self._is_closed = False
        self._thread.start()
        try:
            self._call(self._client.__aenter__())
        except BaseException:
            self._end_thread()
            raise

    def __enter__(self) -> Self:
        """The client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, as `close`."""
        self.close()

    def offer(self, values: Values, time_s: float | None = None) -> bool:
        """Show the client a sample; see `AsyncDeviceClient.offer`."""
        update = self._client.stamp(values, time_s)
        if update is not None:
            self._loop.call_soon_threadsafe(self._client.accept, update)
        return update is not None

    def flush(self, timeout_s: float | None = None) -> bool:
        """Wait until all that was offered is acknowledged; see `AsyncDeviceClient.flush`."""
        return self._call(self._client.flush(timeout_s))

    def close(self) -> None:
        """Stop sending; what is not acknowledged stays in the spool, or is lost: `flush` before."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._call(self._client.__aexit__(None, None, None))
        finally:
            self._end_thread()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END_WAIT_S)
        if not self._thread.is_alive():
            self._loop.close()

    def _call(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    @property
    def incarnation(self) -> int:
        """Number of this start of the device."""
        return self._client.incarnation

    @property
    def facts(self) -> ClientFacts:
        """What it has done so far."""
        return self._client.facts

    @property
    def why_stopped(self) -> str:
        """Why the server refuses this client; empty: it does not."""
        return self._client.why_stopped
