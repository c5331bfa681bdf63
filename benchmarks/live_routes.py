"""What stands between a batch of updates and the gateway, in microseconds of the processor; no socket, no disk.

    python benchmarks/live_routes.py [--requests 2000] [--rounds 3]

The same function behind the first lane, a route of FastAPI that leaves body and answer alone, a bare one of Starlette,
and a route of FastAPI that parses the body with pydantic.
"""

import argparse
import asyncio
import tempfile
import time
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace

import pydantic
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.routing import Route

from live import BATCH, SPEC, TOKEN_OF_RUN, request_of
from twinhop.live import TwinSpec
from twinhop.live.gateway import Gateway, Tokens
from twinhop.live.gateway.gateway import DoorLimits
from twinhop.live.gateway.intake import SentUpdate
from twinhop.live.http import ingest
from twinhop.live.http.app import create_app

PATH = "/v1/twins/car-1/updates"


class _Disk:
    """Has written whatever is submitted, at once."""

    failure, trouble = None, ""

    def now_s(self):
        return time.time()

    def knows(self, twin):
        return True

    def ask(self, twin, question):
        return done(TwinSpec.model_validate_json(SPEC).state_schema)

    def submit_records(self, records):
        return done([])


def done(result):
    future = Future()
    future.set_result(result)
    return future


class _Parsed(pydantic.BaseModel):
    seq: int = pydantic.Field(ge=1)
    values: dict[str, float | list[float]]
    observed_s: float | None = None
    incarnation: int = pydantic.Field(default=1, ge=1)


class _ParsedBatch(pydantic.BaseModel):
    updates: list[_Parsed]


def applications(gateway, context):
    """What is compared, by name."""
    inner = FastAPI()
    inner.state.context = context
    inner.include_router(ingest.routes)

    async def bare(request):
        return await ingest.updates_of_one(request, request.path_params["twin"])

    starlette = Starlette(routes=[Route("/v1/twins/{twin}/updates", bare, methods=["POST"])])
    starlette.state.context = context
    parsing = FastAPI()

    @parsing.post("/v1/twins/{twin}/updates")
    async def parsed(twin: str, batch: _ParsedBatch, request: Request):
        caller = gateway.caller(ingest.token_of(request))
        sent = [SentUpdate(each.seq, each.values, each.observed_s, each.incarnation) for each in batch.updates]
        done = await gateway.updates(caller, twin, sent)
        return {"acked_through": {"incarnation": done.incarnation, "seq": done.seq}, "count": done.count}

    whole = create_app(context, gateway.limits)
    return {"whole door, first lane": whole, "fastapi": inner, "starlette": starlette, "fastapi, pydantic": parsing}


async def measure(requests, rounds):
    with tempfile.TemporaryDirectory() as folder:
        tokens = Tokens(Path(folder) / "tokens.json")
        tokens.give(TOKEN_OF_RUN)
        limits = DoorLimits(updates_per_s=1e12, burst=1e12)
        gateway = Gateway(_Disk(), tokens, TwinSpec.model_validate_json(SPEC), limits)
        body = request_of("car-1", 1, BATCH, "json").partition(b"\r\n\r\n")[2]
        headers = [(b"authorization", b"Bearer " + TOKEN_OF_RUN.encode()), (b"content-type", b"application/json")]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": PATH,
            "raw_path": PATH.encode(), "query_string": b"", "root_path": "", "headers": headers, "scheme": "http",
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        }  # fmt: skip
        statuses = set()

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            statuses.add(message.get("status", 200))

        async def gateway_alone(scope, receive, send):
            batch = ingest.decoded(body, ingest.Batch, False)
            await gateway.updates(gateway.caller(TOKEN_OF_RUN), "car-1", batch.updates)

        compared = {"gateway alone": gateway_alone, **applications(gateway, SimpleNamespace(gateway=gateway))}
        for _ in range(rounds):
            for name, app in compared.items():
                started = time.thread_time()
                for _ in range(requests):
                    await app(dict(scope), receive, send)
                print(f"{name:24} {1e6 * (time.thread_time() - started) / requests:6.0f} us", flush=True)
        assert statuses == {200}, statuses


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    asyncio.run(measure(given.requests, given.rounds))
