"""A small server of tests, which does to clients what the test wants."""

import asyncio
import json
import socket
import threading
from contextlib import contextmanager

import msgspec

TOKEN = "a-token"


FORECAST = {
    "twin": "u1",
    "level": 0.9,
    "dimensions": {
        "load": {"unit": "1", "model": "level", "mean": [1.0], "low": [0.9], "high": [None]},
    },
}


class Fake:
    """An application that writes down what it takes, and answers by a plan: an answer each, then as it should."""

    def __init__(self):
        self.taken, self.plan, self.sizes, self.desired, self.tokens = [], [], [], (1, {"report_s": 5}), set()
        self.limit, self.creation = 1000, (201, "")

    async def __call__(self, scope, receive, send):
        headers = dict(scope.get("headers", ()))
        self.tokens.add(headers.get(b"authorization", b"").decode())
        if scope["type"] == "websocket":
            await self.socket(receive, send)
        elif scope["type"] == "http":
            body = b""
            while True:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    break
            status, answer, more = self.http(scope["path"], scope["method"], body)
            head = [(b"content-type", b"application/json"), *more]
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def http(self, path, method, body):
        if path.endswith("/desired"):
            return 200, {"version": self.desired[0], "values": self.desired[1]}, []
        if path.endswith("/forecast"):
            return 200, FORECAST, []
        if method == "PUT":
            return self.creation[0], {"code": self.creation[1], "detail": "the plan says so"}, []
        updates = msgspec.msgpack.decode(body)["updates"]
        self.sizes.append(len(updates))
        step = self.plan.pop(0) if self.plan else "fine"
        if isinstance(step, tuple):
            return step[0], {"code": step[1], "detail": "the plan says so"}, [(b"retry-after", b"0.01")]
        if len(updates) > self.limit:
            return 413, {"code": "too-large", "detail": "smaller"}, []
        refused = [at for at, each in enumerate(updates) if each.get("twin") == "bad"]
        self.taken += [each for at, each in enumerate(updates) if at not in refused]
        if step == "lost":
            raise RuntimeError("the answer is lost")
        if path == "/v1/updates":
            rows = [{"index": at, "code": "unknown-twin", "detail": "none"} for at in refused]
            return 200, {"count": len(updates) - len(refused), "refused": rows}, []
        newest = max((each["incarnation"], each["seq"]) for each in updates)
        return 200, {"acked_through": {"incarnation": newest[0], "seq": newest[1]}, "count": len(updates)}, []

    async def socket(self, receive, send):
        def text(**message):
            return send({"type": "websocket.send", "bytes": msgspec.msgpack.encode(message)})

        await receive()
        await send({"type": "websocket.accept", "subprotocol": "twinhop.v1"})
        await text(window=7)
        await text(twin="car", desired={"version": self.desired[0], "values": self.desired[1]})
        while (message := await receive())["type"] == "websocket.receive":
            sent = msgspec.msgpack.decode(message["bytes"])
            step = self.plan.pop(0) if self.plan else "fine"
            if isinstance(step, tuple):
                problem = {"status": step[0], "code": step[1], "detail": "the plan says so"}
                await text(problem=problem, twin=sent["twin"], count=len(sent["updates"]))
                continue
            self.taken += sent["updates"]
            self.sizes.append(len(sent["updates"]))
            if step == "lost":
                await send({"type": "websocket.close", "code": 1011})
                return
            newest = sent["updates"][-1]
            through = {"incarnation": newest["incarnation"], "seq": newest["seq"]}
            await text(acked_through=through, twin=sent["twin"])

    def seqs(self):
        """What was taken, each once, in the order of its first coming."""
        return list(dict.fromkeys((each["incarnation"], each["seq"]) for each in self.taken))


@contextmanager
def serving(fake):
    import uvicorn

    config = uvicorn.Config(fake, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
