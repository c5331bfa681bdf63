"""A server from start to end: folder, host, what is derived, doors, controller; and the way down again."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError, TwinhopError
from twinhop.extras import require_extra
from twinhop.live.control import Controller, check_city
from twinhop.live.gateway.gateway import DoorLimits, Gateway
from twinhop.live.gateway.tokens import FILE as TOKENS
from twinhop.live.gateway.tokens import Tokens, checked
from twinhop.live.host import Host, Stopped, Told
from twinhop.live.operate.backup import remove_snapshots
from twinhop.live.operate.control_log import log_record
from twinhop.live.operate.logs import log_event, logs_to
from twinhop.live.projections import EventRing, Roster, Services, rebuild
from twinhop.live.serve.config import ServeConfig
from twinhop.live.serve.services import definitions_of
from twinhop.live.sqlite import open_folder
from twinhop.scenario import Scenario
from twinhop.scenario.geo import project

if TYPE_CHECKING:
    from twinhop.live.http.routes.context import Context

LOG = logging.getLogger("twinhop.live")
TOKEN = "TWINHOP_TOKEN"  # noqa: S105
"""Variable of the environment with the token that may everything."""
BACKLOG = 2_048
SOCKET_QUEUE = 8
"""Messages of a WebSocket that wait to be looked at; beyond, its bytes stay where they are."""
SWITCH_S = 0.0005
"""How long a thread of Python runs while another waits: the machine's never holds the doors up for longer [s]."""
RUNS = "runs"
"""Folder in that of the twins, with what the controller saw and decided."""
DRAIN_S = 30.0
"""How long requests that were accepted may take when the server ends [s]."""


@dataclass(frozen=True)
class Addresses:
    """Where a server listens.

    Attributes:
        url: of HTTP.
        mqtt: host and port of MQTT; empty: none.
        token: of the administrator, where it was made just now; else empty.
    """

    url: str
    mqtt: str
    token: str


class Server:
    """Twins, doors and controller in one process.

    Args:
        scenario: the city.
        data: folder of the twins; made where it is missing.
        config: settings.

    Attributes:
        listeners: told what became of entries, on the machine's thread; those of the server come to them when it runs.

    Raises:
        InputError: an address may not be listened at, or certificate, token, services, policy or city will not do;
            nothing has begun.
    """

    def __init__(self, scenario: Scenario, data: Path, config: ServeConfig) -> None:
        require_extra("serve", "twinhop serve")
        config.check_exposure()
        if TOKEN in os.environ:
            checked(os.environ[TOKEN])
        self.scenario, self.data, self.config = scenario, data, config
        self._tls = _tls(config)
        self._services = definitions_of(config.services, config.twins)
        check_city(scenario, config.controller)
        self._ended: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.listeners: list[Callable[[Sequence[Told]], None]] = []

    def run(self, on_ready: Callable[[Addresses], None] | None = None) -> None:
        """Serve until a signal or `stop` says otherwise.

        Args:
            on_ready: called once, when all doors are open.

        Raises:
            InputError: an address or the folder is in use, or the folder is damaged or of a newer version.
        """
        from twinhop.live.http.routes.context import Context
        from twinhop.live.operate.metrics import Metrics

        config = self.config
        with ExitStack() as stack:
            stack.enter_context(logs_to(sys.stderr, config.log.format, config.log.level))
            http = stack.enter_context(_listening(config.host, config.port, "port"))
            mqtt = None
            if config.mqtt_port is not None:
                mqtt = stack.enter_context(_listening(config.host, config.mqtt_port, "mqtt_port"))
            make_own(self.data)
            folder = stack.enter_context(open_folder(self.data))
            remove_snapshots(self.data)
            tokens = Tokens(self.data / TOKENS)
            made = _first_token(tokens)
            journal = folder.engine.journal
            metrics, events = Metrics(), EventRing(journal.last)
            roster, services = Roster(self.data), Services(self.data, self._services)
            derived = (roster, services)
            lacking = [each for each in derived if not each.load(journal.mark)]
            self.listeners += [metrics.told, roster.fold, services.fold, events.fold]

            def save(mark: int) -> None:
                for each in derived:
                    each.save(mark)

            host = Host(folder.engine, config.host_limits, listen=self._listen, before_trim=save)
            stack.enter_context(host)
            metrics.clock_s, roster.owners = host.now_s, host.owners
            metrics.watch(host, self.data)
            place = _projection(self.scenario)
            gateway = Gateway(host, tokens, config.twins, config.door_limits, config.create_unknown, place, metrics)
            self.listeners.append(gateway.folded)
            if lacking:
                threading.Thread(target=_rebuild, args=(host, lacking), name="twinhop-rebuild", daemon=True).start()
            seen: Any = roster
            controller = Controller(
                self.scenario, host, seen, config.controller, self.data / RUNS, host.now_s, log_record
            )
            metrics.watch_controller(controller)
            context = Context(gateway, roster, services, events, controller, metrics, gateway.draining)
            sys.setswitchinterval(SWITCH_S)
            _run(self._serve(context, http, mqtt, made, on_ready))
            if host.failure is not None:
                raise InputError(f"{self.data}: the host has stopped: {host.failure}")

    def stop(self) -> None:
        """End as a signal would; from any thread, once it runs."""
        if self._ended is not None and self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(
        self,
        context: Context,
        http: socket.socket,
        mqtt: socket.socket | None,
        made: str,
        on_ready: Callable[[Addresses], None] | None,
    ) -> None:
        self._ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._loop = loop
        if threading.current_thread() is threading.main_thread():  # elsewhere signals are somebody else's
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(each, self._signalled, each)
        server = _http_server(context, self.config.door_limits, self._tls)
        serving = asyncio.create_task(server.serve([http]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        door = None
        if mqtt is not None:
            from twinhop.live.mqtt import MqttDoor

            door = MqttDoor(context.gateway, self._tls)
            await door.start(mqtt)
        context.controller.start()
        if on_ready is not None and not serving.done():
            url = f"{'https' if self._tls else 'http'}://{_name_of(http)}"
            log_event(LOG, logging.INFO, "serving", url=url, twins=context.host.facts()["twins"])
            on_ready(Addresses(url, "" if mqtt is None else _name_of(mqtt), made))
        ended = asyncio.create_task(self._ended.wait())
        watching = asyncio.create_task(_failed(context.host))
        await asyncio.wait((serving, ended, watching), return_when=asyncio.FIRST_COMPLETED)
        for each in (ended, watching):
            each.cancel()
        context.gateway.draining.set()
        server.should_exit = True
        endings: list[Coroutine[Any, Any, Any]] = [asyncio.to_thread(context.controller.stop)]
        if door is not None:
            endings.append(door.close(DRAIN_S))
        await asyncio.gather(serving, *endings)
        if context.host.failure is None:
            with suppress(TimeoutError, TwinhopError):  # without, the next start replays more
                await asyncio.wait_for(asyncio.wrap_future(context.host.flush()), DRAIN_S)

    def _listen(self, told: Sequence[Told]) -> None:
        for each in self.listeners:
            each(told)

    def _signalled(self, number: int) -> None:
        assert self._ended is not None
        if self._ended.is_set():  # the second time: at once; what was acknowledged is on disk
            os._exit(128 + number)
        log_event(LOG, logging.INFO, "ending; what was accepted is finished first", signal=signal.Signals(number).name)
        self._ended.set()


def _run(body: Coroutine[Any, Any, None]) -> None:
    """Run to the end, on uvloop where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = None
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(body)


async def _failed(host: Host) -> None:
    """Wait until a host has stopped by itself; log twins that it sets aside, and when it has no room, or has again."""
    trouble, damaged = "", set[str]()
    while host.failure is None:
        for twin, words in host.damages().items():
            if twin not in damaged:
                log_event(LOG, logging.ERROR, "a twin is set aside", twin=twin, reason=words)
        damaged = set(host.damages())
        if bool(host.trouble) != bool(trouble):
            if trouble:
                log_event(LOG, logging.INFO, "updates are acknowledged again")
            else:
                log_event(LOG, logging.ERROR, "nothing is acknowledged", reason=host.trouble)
            trouble = host.trouble
        await asyncio.sleep(0.2)
    log_event(LOG, logging.ERROR, "the host has stopped", reason=str(host.failure))


def _http_server(context: Context, limits: DoorLimits, tls: ssl.SSLContext | None) -> Any:
    """A server of HTTP that leaves signals to whoever runs it."""
    import uvicorn

    from twinhop.live.http.api import make_api
    from twinhop.live.http.connections import protocol_of

    class Quiet(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            """As uvicorn's, but that a handshake of TLS may not take longer than a request."""
            await self.lifespan.startup()
            loop = asyncio.get_running_loop()
            more = {} if tls is None else {"ssl": tls, "ssl_handshake_timeout": limits.receive_s}
            self.servers = [
                await loop.create_server(self._connection, sock=each, backlog=BACKLOG, **more) for each in sockets or ()
            ]
            self.started = True

        def _connection(self) -> asyncio.Protocol:
            return protocol(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)

    protocol = protocol_of(limits)
    settings = uvicorn.Config(
        make_api(context, context.metrics.answered),
        http=protocol,
        ws="websockets-sansio",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=math.ceil(limits.idle_s),
        timeout_graceful_shutdown=math.ceil(DRAIN_S),
        ws_max_size=limits.body_bytes,
        ws_max_queue=SOCKET_QUEUE,
        ws_per_message_deflate=False,  # a small message may become a large one
        backlog=BACKLOG,
    )
    return Quiet(settings)


def _rebuild(host: Host, derived: Sequence[Roster | Services]) -> None:
    """Make what is derived anew from the twins."""
    with suppress(Stopped):
        count = rebuild(host, derived)
        log_event(LOG, logging.INFO, "what is derived was made anew", twins=count)


def make_own(folder: Path) -> None:
    """Make the folder of the twins where it is missing, for its owner alone.

    Raises:
        InputError: it cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if not folder.exists():
            folder.mkdir(mode=0o700)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made ({error.strerror})") from None


def _first_token(tokens: Tokens) -> str:
    """Make the administrator's token where there is none, and return it; else empty."""
    given = os.environ.get(TOKEN)
    if given is not None:
        tokens.give(given)
        return ""
    if len(tokens):
        return ""
    text, _ = tokens.make("administrator", ["admin"])
    return text


@contextmanager
def _listening(host: str, port: int, what: str) -> Iterator[socket.socket]:
    """A socket that listens, before anything else is begun."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family, backlog=BACKLOG) as listening:
            listening.setblocking(False)
            yield listening
    except OSError as error:
        raise InputError(f"{what} {port} at {host}: cannot be listened at: {_words(error)}; choose another") from None


def _words(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _tls(config: ServeConfig) -> ssl.SSLContext | None:
    """The TLS context; files that will not do are said before anything begins."""
    tls = config.tls
    if tls is None:
        return None

    def passphrase() -> str:
        raise InputError(f"tls: key {tls.key}: is encrypted; a key without a passphrase is needed")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key, passphrase)
    except ssl.SSLError as error:
        words = f"a certificate and its key in PEM are needed ({error.reason or 'no PEM'})"
    except OSError as error:
        words = str(error.strerror)
    else:
        return context
    raise InputError(f"tls: certificate {tls.certificate}, key {tls.key}: cannot be used: {words}")


def _projection(scenario: Scenario) -> Callable[[float, float], tuple[float, float]] | None:
    origin = scenario.area.origin
    if origin is None:
        return None
    place = (origin.lat_deg, origin.lon_deg)

    def placed(latitude: float, longitude: float) -> tuple[float, float]:
        x_m, y_m = project(latitude, longitude, place)
        return float(x_m), float(y_m)

    return placed


def _name_of(listening: socket.socket) -> str:
    name, port = listening.getsockname()[:2]
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
