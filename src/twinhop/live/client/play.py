"""Plays devices: their samples at their times, through their policies, to a server."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop import streams
from twinhop.live.client.async_gateway_client import AsyncGatewayClient
from twinhop.live.client.facts import ClientFacts
from twinhop.live.client.sampling import Judge, Sampler
from twinhop.live.client.settings import ClientStopped
from twinhop.live.client.sources import PlayedSource

#: Twins that are created at once.
CREATED_AT_ONCE = 32
#: Samples between two looks at the clock where it is late.
SAMPLES_AT_ONCE = 200
#: How long the end waits for what is not acknowledged [s].
DRAIN_S = 10.0
#: Load of a device: log-normal with mean 1, a first-order autoregressive process in its logarithm.
LOAD_SIGMA, LOAD_CORRELATION_S = 0.2, 60.0
LOAD = "device.load"


@dataclass(frozen=True)
class Played:
    """What became of devices that were played.

    Attributes:
        source: name of what they were.
        devices: how many.
        created: of these, twins that were not there before.
        seconds: how long it took, without the creation of twins [s].
        late_s: how far the newest sample was behind its time at the end [s].
        facts: counts of samples and updates.
        is_complete: whether all that was sent is acknowledged.
    """

    source: str
    devices: int
    created: int
    seconds: float
    late_s: float
    facts: ClientFacts
    is_complete: bool

    @property
    def updates_per_s(self) -> float:
        """Acknowledged updates in a second [1/s]."""
        return self.facts.acknowledged / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """Its values, null where there is no number."""
        values = {**asdict(self), "updates_per_s": self.updates_per_s}
        facts = {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in values.pop("facts").items()
        }
        return {**values, **facts}


class Loads:
    r"""Loads of devices that wander about 1: $\ln l = \sigma z - \sigma^2 / 2$ with z a stationary AR(1) process.

    Args:
        devices: how many.
        seed: root seed.

    >>> loads = Loads(2, seed=1)
    >>> loads.at(0.0).shape, bool((loads.at(5.0) > 0).all())
    ((2,), True)
    """

    def __init__(self, devices: int, seed: int) -> None:
        self._generator = streams.stream(seed, LOAD)
        self._normal, self._time_s = self._generator.standard_normal(devices), 0.0

    def at(self, time_s: float) -> NDArray[np.float64]:
        """(devices,) loads at a time that is not before the one asked for last [1]."""
        keep = math.exp(-(time_s - self._time_s) / LOAD_CORRELATION_S)
        self._time_s = time_s
        fresh = self._generator.standard_normal(len(self._normal))
        self._normal = keep * self._normal + math.sqrt(1.0 - keep * keep) * fresh
        return np.exp(LOAD_SIGMA * self._normal - LOAD_SIGMA**2 / 2)


class Player:
    """Plays one source.

    Args:
        source: devices and their samples.
        policy: makes the policy of a device; its times are seconds of this clock, whatever the speed.
        speed: seconds of the source in a second.
        seconds: of this clock after which it ends; None: with the source, or never [s].
        seed: of the loads.
        on_progress: called now and then with how many updates are acknowledged, and how many were sent.
    """

    def __init__(
        self,
        source: PlayedSource,
        policy: Callable[[], Judge | None],
        speed: float,
        seconds: float | None,
        seed: int,
        on_progress: Callable[[int, int], None],
    ) -> None:
        self._source, self._speed = source, speed
        self._end_s = math.inf if seconds is None else seconds
        self._on_progress = on_progress
        judges = [policy() for _ in source.ids]
        self._samplers = [Sampler(None if each is None else {"position": each}) for each in judges]
        self._loads = Loads(len(source.ids), seed)
        self._ended = asyncio.Event()
        self._samples = self._not_sent = 0
        self._late_s = 0.0

    def stop(self) -> None:
        """End the playing, or the second time the wait for acknowledgements; from the loop's thread."""
        if self._ended.is_set():
            raise KeyboardInterrupt
        self._ended.set()

    async def create(self, client: AsyncGatewayClient) -> int:
        """Create the twins that are not there yet; how many those were.

        Raises:
            ClientStopped: the server says no, or is not there.
        """
        created, ids = 0, self._source.ids
        created += await client.create(ids[0])
        for at in range(1, len(ids), CREATED_AT_ONCE):
            created += sum(await asyncio.gather(*(client.create(each) for each in ids[at : at + CREATED_AT_ONCE])))
            self._on_progress(0, 0)
            if self._ended.is_set():
                break
        return created

    async def play(self, client: AsyncGatewayClient, created: int) -> Played:
        """Send the samples at their times, until the end, and wait for what is not acknowledged.

        Raises:
            ClientStopped: the server refuses the client.
        """
        begun_s = time.monotonic()
        for frame in self._source.frames():
            if self._ended.is_set() or frame.time_s[0] / self._speed > self._end_s:
                break
            await self._frame(client, frame, begun_s)
        self._late_s = max(0.0, self._late_s)
        try:
            is_complete = await client.flush(DRAIN_S)
        except ClientStopped:
            is_complete = False
        facts = client.facts
        offered = ClientFacts(**{**asdict(facts), "offered": self._samples, "not_sent": self._not_sent})
        seconds = time.monotonic() - begun_s
        whole = is_complete and not (facts.refused or facts.dropped)
        return Played(self._source.name, len(self._source.ids), created, seconds, self._late_s, offered, whole)

    async def _frame(self, client: AsyncGatewayClient, frame: Any, begun_s: float) -> None:
        loads = self._loads.at(float(frame.time_s[0])).tolist()
        rows = zip((frame.time_s / self._speed).tolist(), frame.device.tolist(), frame.xy_m.tolist(), strict=True)
        now_s = time.monotonic() - begun_s
        for at, (due_s, device, position) in enumerate(rows):
            if due_s > self._end_s or self._ended.is_set():
                return
            if due_s > now_s:
                await self._until(begun_s + due_s)
                now_s = time.monotonic() - begun_s
                self._on_progress(*_done(client))
            elif at % SAMPLES_AT_ONCE == 0:
                await asyncio.sleep(0)
                now_s = time.monotonic() - begun_s
            self._late_s = now_s - due_s
            if not math.isnan(position[0]):  # a user who is away sends nothing
                self._sample(client, device, due_s, position, loads[device])

    def _sample(
        self, client: AsyncGatewayClient, device: int, due_s: float, position: Sequence[float], load: float
    ) -> None:
        self._samples += 1
        values = self._samplers[device].offer(due_s, {"position": position, "load": load})
        if values is None:
            self._not_sent += 1
        else:
            client.offer(self._source.ids[device], values)

    async def _until(self, moment_s: float) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), moment_s - time.monotonic())
        except TimeoutError:
            return


def _done(client: AsyncGatewayClient) -> tuple[int, int]:
    couriers = client.couriers
    return sum(each.counts["acknowledged"] for each in couriers), client.offered
