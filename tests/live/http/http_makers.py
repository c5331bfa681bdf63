"""An application with a real host in a folder, asked without a socket."""

import asyncio
import inspect
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps

import httpx

from twinhop.errors import InputError
from twinhop.live import Host, Limits
from twinhop.live.control import ControllerConfig
from twinhop.live.control.errors import Conflict, UnknownRecord
from twinhop.live.control.records import HostRow, MoveRecord, PlacementRow, PlanRecord, StationRow, Worth
from twinhop.live.gateway import Gateway, Tokens
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.http.api import make_api
from twinhop.live.http.routes.context import Context
from twinhop.live.projections import EventRing, Roster, Services
from twinhop.live.sqlite import open_folder

ADMIN = "a" * 40
QUICK = Limits(hole_wait_s=0.2, checkpoint_s=0.2)
BASE = "http://testserver"
BODY = {"updates": [{"seq": seq, "values": {"position": [3.0 * seq, 0.0], "load": 1.0}} for seq in range(1, 11)]}


class Plans:
    """A controller that has decided already: two stations, one of them with a host, one plan with a move."""

    def __init__(self, host):
        self.config = ControllerConfig()
        self.mode = "approve"
        self._host, self._lock = host, threading.Lock()
        self._plans = {}
        self._decided(is_dry=False)

    def set_mode(self, mode):
        self.mode = mode

    def _decided(self, is_dry, policy="lookahead"):
        with self._lock:
            name = f"p1764-{len(self._plans) + 1}"
            move = MoveRecord(f"{name}-1", name, "car-1", "", "b7", "is nearer", worth=Worth(0.5, 0.0, 0.1, 0.2))
            gap = float("inf") if policy == "nearest" else 0.25
            plan = PlanRecord(
                name, 1764.5, 0, policy, "approve", "proposed", 0.01, 1, 1.25, 1.0, gap, (move,), is_dry=is_dry
            )
            self._plans[name] = plan
        return plan

    def propose(self, policy, time_limit_s):
        if policy not in (None, "nearest", "lookahead"):
            raise InputError(f"{policy}: unknown policy; accepted: lookahead, nearest")
        future = Future()
        future.set_result(self._decided(is_dry=True, policy=policy or "lookahead"))
        return future

    def apply(self, name):
        plan = self.plan(name)
        if self.mode == "shadow" or plan.state != "proposed":
            raise Conflict(f"{name}: is {plan.state}")
        done = replace(plan, state="applied", moves=tuple(replace(each, state="done", epoch=2) for each in plan.moves))
        self._plans[name] = done
        future = Future()
        future.set_result(done)
        return future

    def plans(self):
        return tuple(reversed(self._plans.values()))

    def plan(self, name):
        if name not in self._plans:
            raise UnknownRecord(f"{name}: there is no such plan")
        return self._plans[name]

    def moves(self):
        return tuple(move for plan in self.plans() for move in plan.moves)

    def move(self, name):
        for each in self.moves():
            if each.id == name:
                return each
        raise UnknownRecord(f"{name}: there is no such move")

    def placement(self):
        return PlacementRow(0, "p1764-1", "lookahead", 1.25, 1.0, 0.25, {}, {"car-1": "b7"})

    def hosts(self):
        return (HostRow("b7", "b7", 10, 3e9, 1, True, 1), HostRow("cloud", "", 0, 3e10, 0, True))

    def stations(self):
        return (
            StationRow("b7", 0.0, 5.0, True, True, 1, 41.1, -8.6),
            StationRow("b8/north", 9.0, 5.0, False, False, 0),
        )

    def facts(self):
        return {"decisions": 1.0, "gap": float("inf")}


class Door:
    """A client of the application, in this process."""

    def __init__(self, app, context):
        self.app, self.context = app, context
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=BASE, timeout=20
        )

    async def ask(self, method, path, *, token=ADMIN, **more):
        headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **more)

    def token(self, *scopes):
        return self.context.tokens.make("of a test", scopes)[0]

    async def get(self, path, **more):
        return await self.ask("GET", path, **more)

    async def put(self, path, body=None, **more):
        return await self.ask("PUT", path, json=body, **more)

    async def post(self, path, body=None, **more):
        return await self.ask("POST", path, json=body, **more)

    async def car(self, twin="car-1", attributes=None):
        """A twin that has driven for ten updates."""
        made = await self.put(f"/v1/twins/{twin}", {"attributes": attributes or {}})
        assert made.status_code == 201, made.text
        sent = await self.post(f"/v1/twins/{twin}/updates", BODY)
        assert sent.status_code == 200, sent.text
        assert (await self.get(f"/v1/twins/{twin}")).json()["seq"] == 10


class Reader:
    """Follows the events of an application, as a client of a socket does.

    Args:
        app: the application.
        query: of the address.
        token: of the caller.
        last: the header `Last-Event-ID`.
    """

    def __init__(self, app, query="", token=ADMIN, last=None, method="GET"):
        headers = [(b"authorization", f"Bearer {token}".encode())]
        headers += [(b"last-event-id", last.encode())] if last else []
        path = "/v1/events"
        self._scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
            "path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers,
            "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        self._app, self._come, self._gone, self._asked = app, asyncio.Queue(), asyncio.Event(), False
        self.taking = asyncio.Event()
        self.taking.set()
        self.text = ""

    async def __aenter__(self):
        self._task = asyncio.create_task(self._app(self._scope, self._receive, self._come_in))
        start = await asyncio.wait_for(self._come.get(), 5)
        self.status, self.headers = start["status"], dict(start["headers"])
        return self

    async def __aexit__(self, *_):
        self._gone.set()
        self.taking.set()
        await asyncio.wait_for(self._task, 5)

    async def _receive(self):
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _come_in(self, message):
        await self.taking.wait()
        self._come.put_nowait(message)

    async def until(self, *words):
        """All that has come once it has these words, in time."""
        async with asyncio.timeout(10):
            while not all(each in self.text for each in words):
                await self._take()
        return self.text

    async def rest(self):
        """All that comes until the answer ends."""
        async with asyncio.timeout(10):
            while await self._take():
                pass
        return self.text

    async def _take(self):
        message = await self._come.get()
        self.text += message["body"].decode()
        return message.get("more_body", False)


@contextmanager
def door(path, limits=QUICK, services=None, ring=None, limits_of_door=None):
    """An application with its host in a folder."""
    with open_folder(path) as folder:
        mark, last = folder.engine.journal.mark, folder.engine.journal.last
        roster, services = Roster(path), Services(path, services or {})
        events = EventRing(last, **(ring or {}))
        roster.load(mark), services.load(mark)

        def listen(told):
            for each in (roster, services, events):
                each.fold(told)

        with Host(folder.engine, limits, listen=listen) as host:
            roster.owners = host.owners
            tokens = Tokens(path / "tokens.json")
            tokens.give(ADMIN)
            gateway = Gateway(host, tokens, limits=limits_of_door or DoorLimits())
            context = Context(gateway, roster, services, events, Plans(host))
            yield Door(make_api(context), context)


def in_loop(test):
    """Run a test that waits in a loop of its own, with a door in a folder of its own."""

    @wraps(test)
    def run(tmp_path, **more):
        with door(tmp_path / "twins") as there:
            asyncio.run(test(there, **more))

    names = [each for each in inspect.signature(test).parameters.values()][1:]
    tmp_path = inspect.Parameter("tmp_path", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    run.__signature__ = inspect.Signature([tmp_path, *names])
    return run
