"""`kill -9` of a server under load from all three doors; the devices are the witnesses, and share no code with twinhop.

A device counts its updates, says the number as its value, and writes down which were acknowledged. Afterwards every
history is read through the API: what was acknowledged is there, nothing is there twice, and all is in order.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import httpx
import pytest

TOKEN = "a-token-of-the-kills-0123456789-abcdef"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
SPEC = {
    "state_schema": {"dimensions": [{"name": "count", "kind": "scalar", "unit": "1"}]},
    "retention": {"max_records": 1_000_000},
}
READY_S, SETTLE_S = 300.0, 300.0
#: Updates of a device that are under way at once, and its pause after each round [s].
UNDER_WAY, PAUSE_S = 10, 0.02
#: Ports below those of outgoing connections.
FIXED_PORTS = 20_000, 30_000
#: How long a device waits before it connects again: the server that starts has the processor meanwhile [s].
AGAIN_S = 0.2


def free_port():
    """A port that no connection is given: while the server is away, a device that tries to come would get it."""
    first, last = FIXED_PORTS
    while True:
        port = random.randint(first, last)
        with suppress(OSError), socket.socket() as one:
            one.bind(("127.0.0.1", port))
            return port


class Killed:
    """A server that is killed and started again, always at the same addresses."""

    def __init__(self, data):
        self.http, self.mqtt = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.http}"
        self._log = data.parent / "server.log"
        self._words = [sys.executable, "-m", "twinhop", "serve", "city-small", "--data", str(data)]
        self._words += ["--port", str(self.http), "--mqtt-port", str(self.mqtt)]

    def start(self):
        with self._log.open("a") as log:
            environment = {**os.environ, "TWINHOP_TOKEN": TOKEN}
            self.process = subprocess.Popen(self._words, stdout=log, stderr=log, env=environment)
        end_s = time.monotonic() + READY_S
        with httpx.Client(verify=False, trust_env=False, timeout=READY_S) as client:  # one that costs little to make
            while time.monotonic() < end_s:
                with suppress(httpx.HTTPError):  # it listens long before it answers: the first call waits
                    if client.get(f"{self.url}/health/live").status_code == 200:
                        return
                assert self.process.poll() is None, self._log.read_text()[-2000:]
                time.sleep(0.1)
        raise AssertionError("not ready in time")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Device(threading.Thread):
    """Sends numbers from 1 on; each door has its own way, and `witness` remembers what was acknowledged."""

    def __init__(self, server, twin):
        super().__init__(daemon=True, name=twin)
        self.server, self.twin = server, twin
        self.witness, self.next, self.ends, self.sendings = set(), 1, threading.Event(), 0

    def run(self):
        while not (self.ends.is_set() and len(self.witness) == self.next - 1):
            with suppress(OSError, httpx.HTTPError, ConnectionError, TimeoutError):
                self.session()
            time.sleep(AGAIN_S)

    def wanted(self):
        """The first numbers that are not acknowledged; fresh ones as long as the load goes on."""
        first = len(self.witness) + 1  # acknowledged in order, so that these are the first
        if not self.ends.is_set():
            self.next = max(self.next, first + UNDER_WAY)
        self.sendings += 1
        return range(first, min(self.next, first + UNDER_WAY))

    def acknowledge(self, first, last):
        assert first == len(self.witness) + 1
        self.witness.update(range(first, last + 1))

    def update(self, seq):
        return {"seq": seq, "incarnation": 1, "values": [float(seq)], "observed_s": time.time()}


class HttpDevice(Device):
    def session(self):
        with httpx.Client(
            base_url=self.server.url, headers=HEADERS, timeout=30, verify=False, trust_env=False
        ) as client:
            while wanted := self.wanted():
                answer = client.post(
                    f"/v1/twins/{self.twin}/updates", json={"updates": [self.update(seq) for seq in wanted]}
                )
                if answer.status_code != 200:
                    return
                assert answer.json()["acked_through"] == {"incarnation": 1, "seq": wanted[-1]}
                self.acknowledge(wanted[0], wanted[-1])
                time.sleep(PAUSE_S)


class SocketDevice(Device):
    def session(self):
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        address = f"ws://127.0.0.1:{self.server.http}/v1/socket"
        try:
            with connect(
                address, additional_headers=HEADERS, subprotocols=["twinhop.v1"], open_timeout=30, proxy=None
            ) as link:
                assert json.loads(link.recv(30))["window"] >= UNDER_WAY
                while wanted := self.wanted():
                    for seq in wanted:
                        link.send(json.dumps({"twin": self.twin, "updates": [self.update(seq)]}))
                    for seq in wanted:
                        message = json.loads(link.recv(30))
                        if "problem" in message:
                            return
                        assert message["acked_through"] == {"incarnation": 1, "seq": seq}
                        self.acknowledge(seq, seq)
                    time.sleep(PAUSE_S)
        except WebSocketException as error:
            raise ConnectionError from error


class MqttDevice(Device):
    def session(self):
        from paho.mqtt.client import CallbackAPIVersion, Client, MQTTv5

        client = Client(CallbackAPIVersion.VERSION2, client_id=self.twin, protocol=MQTTv5)
        client.username_pw_set("kills", TOKEN)
        connected, gone, acknowledged = threading.Event(), threading.Event(), {}
        client.on_connect = lambda *told: (gone if told[3].is_failure else connected).set()
        client.on_disconnect = lambda *told: gone.set()
        client.on_publish = lambda *told: acknowledged.__setitem__(told[2], told[3])
        client.connect("127.0.0.1", self.server.mqtt)
        client.loop_start()
        try:
            while not connected.wait(0.02):
                if gone.is_set():
                    return
            while wanted := self.wanted():
                mids = [
                    client.publish(f"twins/{self.twin}/updates", json.dumps(self.update(seq)), qos=1).mid
                    for seq in wanted
                ]
                for mid, seq in zip(mids, wanted, strict=True):
                    while mid not in acknowledged:
                        if gone.is_set():
                            return
                        time.sleep(0.001)
                    if acknowledged[mid].is_failure:
                        return
                    self.acknowledge(seq, seq)
                time.sleep(PAUSE_S)
        finally:
            client.disconnect()
            client.loop_stop()


def history(server, twin):
    """(incarnation, seq, value) of all records of a twin, in the order in which they were applied."""
    rows, cursor = [], None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = httpx.get(f"{server.url}/v1/twins/{twin}/history", params=query, headers=HEADERS, timeout=60)
        assert page.status_code == 200, page.text
        rows += [(each["incarnation"], each["seq"], each["values"]["count"]) for each in page.json()["items"]]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return rows


def verdict(witness, rows):
    """How many acknowledged updates are lost, how many are there twice, and how many are out of order or wrong.

    >>> verdict({1, 2, 3}, [(1, 1, 1.0), (1, 3, 3.0), (1, 2, 2.0), (1, 2, 2.0)])
    (0, 1, 1)
    >>> verdict({1, 2}, [(1, 1, 1.0)])
    (1, 0, 0)
    """
    seqs = [seq for _, seq, _ in rows]
    lost = len(witness - set(seqs))
    doubled = len(seqs) - len(set(seqs))
    steps_back = sum(after < before for before, after in zip(seqs, seqs[1:], strict=False))
    wrong = sum(incarnation != 1 or value != seq for incarnation, seq, value in rows)
    return lost, doubled, steps_back + wrong


def kill_often(tmp_path, kills, seed=1):
    server, rng = Killed(tmp_path / "twins"), random.Random(seed)
    server.start()
    devices = [
        kind(server, f"{kind.__name__}-{at}") for kind in (HttpDevice, SocketDevice, MqttDevice) for at in (1, 2)
    ]
    downs_s = []
    try:
        for each in devices:
            answer = httpx.put(f"{server.url}/v1/twins/{each.twin}", json={"spec": SPEC}, headers=HEADERS, timeout=30)
            assert answer.status_code == 201, answer.text
            each.start()
        progress = []
        for _ in range(kills):
            time.sleep(rng.uniform(0.3, 1.5))
            progress.append([len(each.witness) for each in devices])
            server.kill()
            began_s = time.monotonic()
            server.start()
            downs_s.append(time.monotonic() - began_s)
        for each in devices:
            each.ends.set()
        end_s = time.monotonic() + SETTLE_S
        for each in devices:
            each.join(max(0.0, end_s - time.monotonic()))
            assert not each.is_alive(), f"{each.twin}: {len(each.witness)} of {each.next - 1} acknowledged"
        rows = {each.twin: history(server, each.twin) for each in devices}
    finally:
        server.kill()
    totals = [sum(column) for column in zip(*(verdict(each.witness, rows[each.twin]) for each in devices), strict=True)]
    acknowledged = sum(len(each.witness) for each in devices)
    downs_s.sort()
    print(
        f"{kills} kills: {acknowledged} updates acknowledged, {totals[0]} lost, {totals[1]} applied twice, "
        f"{totals[2]} out of order; ready again: median {downs_s[len(downs_s) // 2]:.1f} s, most {downs_s[-1]:.1f} s"
    )
    return devices, totals, progress


@pytest.mark.live
@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.slow)])
def test_killed_under_load_nothing_acknowledged_is_lost(tmp_path, kills):
    devices, totals, progress = kill_often(tmp_path, kills)
    assert totals == [0, 0, 0]
    for at, each in enumerate(devices):
        assert len(each.witness) > max(kills, 10), each.twin  # each door went on after the kills
        assert progress[-1][at] > progress[0][at], each.twin


def test_the_checker_sees_what_is_lost_doubled_and_out_of_order():
    fine = [(1, seq, float(seq)) for seq in range(1, 6)]
    assert verdict(set(range(1, 6)), fine) == (0, 0, 0)
    assert verdict(set(range(1, 7)), fine) == (1, 0, 0)
    assert verdict(set(range(1, 6)), [*fine, fine[-1]]) == (0, 1, 0)
    assert verdict(set(range(1, 6)), [fine[1], fine[0], *fine[2:]]) == (0, 0, 1)
    assert verdict({1}, [(2, 1, 1.0)]) == (0, 0, 1)
