"""Clients and a broker that others wrote, against the door; and a server that is killed with messages in flight."""

import asyncio
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import aiomqtt
import httpx
import pytest
from mqtt_makers import certificate, serving, until, update
from programs import program
from served import HEADERS, TOKEN, sequence_numbers, served

from twinhop.live import Entry, Kind

pytestmark = pytest.mark.live
PAGE = Path(__file__).parents[3] / "docs" / "mqtt.md"
COUNT = 400


def words(name, port, token, *options):
    return [program(name), "-V", "5", "-p", str(port), "-u", "any", "-P", token, "-q", "1", *map(str, options)]


def published(port, token, topic, payload, *options):
    """What `mosquitto_pub` says on standard error."""
    command = words("mosquitto_pub", port, token, "-t", topic, "-m", payload, *options)
    return subprocess.run(command, capture_output=True, text=True, timeout=20).stderr


def at_mqtt(server):
    return int(re.search(r"MQTT at [\d.]+:(\d+)", "\n".join(server.out))[1])


def desire(server, version, period_s):
    body = {"values": {"period_s": period_s}}
    headers = {**HEADERS, "If-Match": f'"{version - 1}"'}
    answer = httpx.put(f"{server.url}/v1/twins/sub/desired", json=body, headers=headers, timeout=20)
    assert answer.json()["version"] == version


class Paced(threading.Thread):
    """`mosquitto_pub` that sends a line every two milliseconds."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process = process

    def run(self):
        for seq in range(1, COUNT + 1):
            self.process.stdin.write(update(seq) + "\n")
            self.process.stdin.flush()
            time.sleep(0.002)
        self.process.stdin.close()


class Sending(threading.Thread):
    """aiomqtt, twenty messages at a time; what was not acknowledged is sent again."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.acknowledged, self._port = 0, port
        self.repeated = 0

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        while self.acknowledged < COUNT:
            try:
                await self._connected()
            except aiomqtt.MqttError:
                self.repeated += 1
                await asyncio.sleep(0.1)

    async def _connected(self):
        settings = {"username": "any", "password": TOKEN, "protocol": aiomqtt.ProtocolVersion.V5, "timeout": 1.0}
        async with aiomqtt.Client("127.0.0.1", self._port, identifier="aio", **settings) as client:
            while self.acknowledged < COUNT:
                seqs = range(self.acknowledged + 1, self.acknowledged + 21)
                sent = (client.publish("twins/aio/updates", update(seq), qos=1) for seq in seqs)
                await asyncio.gather(*sent)
                self.acknowledged = seqs[-1]
                await asyncio.sleep(0.03)


@pytest.fixture
def piped():
    """Starts programs with pipes, and ends them."""
    with ExitStack() as stack:

        def start(command, **pipes):
            process = stack.enter_context(subprocess.Popen(command, text=True, **pipes))
            stack.callback(process.kill)
            return process

        yield start


def test_a_server_that_is_killed_with_messages_in_flight(tmp_path, piped):
    data = tmp_path / "twins"
    with served(data) as server:
        port = at_mqtt(server)
        httpx.put(f"{server.url}/v1/twins/sub", json={}, headers=HEADERS, timeout=20)
        desire(server, 1, 5)
        listening = piped(
            words("mosquitto_sub", port, TOKEN, "-t", "twins/sub/desired", "-C", 3, "-F", "%r %p", "-i", "sub"),
            stdout=subprocess.PIPE,
        )
        assert listening.stdout.readline() == '1 {"version": 1, "values": {"period_s": 5}}\n'
        command = words("mosquitto_pub", port, TOKEN, "-t", "twins/pub/updates", "-l", "-i", "pub")
        paced, sending = Paced(piped(command, stdin=subprocess.PIPE)), Sending(port)
        paced.start()
        sending.start()
        until(lambda: sending.acknowledged >= 100)
        server.end(signal.SIGKILL)
    before = sending.acknowledged
    assert before < COUNT
    with served(data, "--mqtt-port", port) as server:
        assert listening.stdout.readline() == '1 {"version": 1, "values": {"period_s": 5}}\n'  # it subscribed again
        desire(server, 2, 6)
        assert listening.stdout.readline() == '0 {"version": 2, "values": {"period_s": 6}}\n'
        assert listening.wait(20) == 0
        sending.join(30)
        paced.join(30)
        assert paced.process.wait(30) == 0
        assert server.end() == 0
    assert sending.repeated and sending.acknowledged == COUNT
    assert sequence_numbers(data, ["aio", "pub"]) == {"aio": (COUNT, COUNT), "pub": (COUNT, COUNT)}


def test_programs_of_mosquitto_by_tls(tmp_path, piped):
    context, authority = certificate(tmp_path)
    with serving(tmp_path / "twins", tls=context) as served:
        token = served.tokens["car-1"]
        trusting = ("--cafile", authority)
        assert published(served.port, token, "twins/car-1/updates", update(1), *trusting) == ""
        assert published(served.port, token, "twins/car-1/status", "here", *trusting) == ""
        said = published(served.port, token, "twins/car-2/updates", update(1), *trusting)
        assert "Not authorized" in said and "car-1: a scope of" in said
        assert published(served.port, token, "twins/car-1/updates", update(2)) != ""  # without TLS
        assert "TLS error" in published(
            served.port, token, "twins/car-1/updates", update(2), "--capath", "/etc/ssl/certs"
        )
        assert served.seq("car-1") == 1 and served.attributes("car-1") == {"status": "here"}
        assert asyncio.run(by_aiomqtt(served.port, token, str(authority))) is None
        assert served.seq("car-1") == 3


async def by_aiomqtt(port, token, authority):
    parameters = aiomqtt.TLSParameters(ca_certs=authority)
    settings = {"username": "any", "password": token, "protocol": aiomqtt.ProtocolVersion.V5, "timeout": 5.0}
    async with aiomqtt.Client("127.0.0.1", port, tls_params=parameters, **settings) as client:
        for seq in (2, 3):
            await client.publish("twins/car-1/updates", update(seq), qos=1)


def test_a_bridge_with_the_configuration_of_the_page(tmp_path, piped):
    """What devices tell a broker arrives, settings come back, and what is refused is counted and lost."""
    block = re.search(r"```text\n(# mosquitto.conf.*?)```", PAGE.read_text(), re.DOTALL)[1]
    with serving(tmp_path / "twins") as served, socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
        free.close()
        written = block.replace("127.0.0.1:1883", f"127.0.0.1:{served.port}").replace("TOKEN", served.tokens["admin"])
        settings = tmp_path / "mosquitto.conf"
        folder = f"persistence_location {tmp_path}/\n"
        settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n{folder}{written}")
        piped([program("mosquitto"), "-c", str(settings)], stderr=subprocess.DEVNULL)
        until(lambda: served.door.connections)
        for seq in range(1, 6):
            assert published(port, "none", "twins/car-1/updates", update(seq)) == ""
        assert published(port, "none", "twins/nobody/updates", update(1)) == ""
        assert published(port, "none", "twins/car-1/status", "bridged") == ""
        until(lambda: served.attributes("car-1") == {"status": "bridged"})
        assert served.seq("car-1") == 5
        desired = served.host.submit_and_wait
        desired([Entry(Kind.DESIRED, "car-1", facts={"version": 1, "values": {"period_s": 5}})]).result(10)
        time.sleep(0.3)
        listening = words("mosquitto_sub", port, "none", "-t", "twins/car-1/desired", "-C", 1, "-W", 5)
        found = subprocess.run(listening, capture_output=True, text=True, timeout=20)
        assert '"version": 1' in found.stdout  # kept by the broker for who comes later
