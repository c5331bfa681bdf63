"""A server that runs on a thread of the test's process."""

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import httpx

from twinhop.live.serve import Server, load_config
from twinhop.scenario import load_scenario

ADMIN = "admin-" + "x" * 40
WAIT_S = 30.0


@contextmanager
def served(data, monkeypatch, verify=True, **changes):
    """A server on free ports, stopped at the end; `client` asks it as its administrator."""
    monkeypatch.setenv("TWINHOP_TOKEN", ADMIN)
    config = load_config(None, **{"port": 0, "mqtt_port": None, **changes})
    server, ready, failures = Server(load_scenario("city-small"), data, config), threading.Event(), []
    at = SimpleNamespace(server=server, failures=failures)

    def on_ready(addresses):
        at.url, at.port = addresses.url, int(addresses.url.rpartition(":")[2])
        ready.set()

    def run():
        try:
            server.run(on_ready)
        except BaseException as error:
            failures.append(error)
            ready.set()

    at.thread = threading.Thread(target=run)
    at.thread.start()
    assert ready.wait(WAIT_S)
    if failures:
        raise failures[0]
    try:
        headers = {"Authorization": f"Bearer {ADMIN}"}
        with httpx.Client(base_url=at.url, headers=headers, timeout=WAIT_S, verify=verify) as at.client:
            yield at
    finally:
        server.stop()
        at.thread.join(WAIT_S)
        assert not at.thread.is_alive()
        assert failures == []
