"""MQTT: durable acknowledgements a second, beside Mosquitto's that are not durable; one JSON line a round.

    python benchmarks/live_mqtt.py [--clients 20] [--in-flight 16] [--seconds 4] [--rounds 5]

Twenty clients of paho in one process of their own publish with QoS 1, so many messages in flight each, to `MqttDoor` on
a host in a folder, and in turns to Debian's Mosquitto with persistence switched on, which writes to disk every half
hour: its PUBACK says that a message is in memory. A message is one update of one twin, in JSON. Needs `mosquitto`.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from live import fdatasync_ms

TWINS = 20
WAIT_S = 30.0


def serve(folder):
    """The door in this process, until its standard input ends; prints the port, and at the end what it took."""
    from twinhop.live import Host, Limits
    from twinhop.live.gateway import Gateway, Tokens
    from twinhop.live.mqtt import MqttDoor
    from twinhop.live.sqlite import open_folder

    async def run():
        with open_folder(folder) as opened, Host(opened.engine, Limits(waiting=10**6)) as host:
            tokens = Tokens(Path(folder) / "tokens.json")
            gateway = Gateway(host, tokens)
            token, _ = tokens.make("bench", ["admin"])
            for at in range(TWINS):
                await gateway.create(f"car-{at}")
            listening = socket.create_server(("127.0.0.1", 0), backlog=100)
            door = MqttDoor(gateway)
            await door.start(listening)
            print(json.dumps({"port": listening.getsockname()[1], "token": token}), flush=True)
            await asyncio.to_thread(sys.stdin.read)
            await door.close()
            used = resource.getrusage(resource.RUSAGE_SELF)
            print(json.dumps({"processor_s": used.ru_utime + used.ru_stime, "facts": host.facts()}), flush=True)

    try:
        import uvloop

        uvloop.run(run())
    except ImportError:
        asyncio.run(run())


def publish(port, token, clients, in_flight, seconds):
    """Publish for so long; prints acknowledged messages a second, and how long an acknowledgement takes."""
    import paho.mqtt.client as paho

    times, lock, stopped = [], threading.Lock(), threading.Event()

    def begin(at):
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"d{at}", protocol=paho.MQTTv5)
        client.username_pw_set("bench", token)
        client.max_inflight_messages_set(in_flight)
        sent, count = {}, [0]

        def one():
            count[0] += 1
            body = f'{{"seq":{count[0]},"observed_s":{time.time():.3f},"values":[{count[0]}.0,2.0,1.0]}}'
            sent[client.publish(f"twins/car-{at % TWINS}/updates", body, qos=1).mid] = time.perf_counter()

        def published(_, __, mid, code, ___):
            assert not code.is_failure or code.value == 0x10, code
            if mid in sent:
                times.append(time.perf_counter() - sent.pop(mid))
            if not stopped.is_set():
                one()

        def connected(*_):
            for _ in range(in_flight):
                one()

        client.on_publish, client.on_connect = published, connected
        client.connect("127.0.0.1", port)
        client.loop_start()
        return client

    begun = [begin(at) for at in range(clients)]
    time.sleep(0.5)
    with lock:
        before, started = len(times), time.perf_counter()
    time.sleep(seconds)
    done, took = len(times) - before, time.perf_counter() - started
    stopped.set()
    time.sleep(0.3)
    for each in begun:
        each.disconnect()
        each.loop_stop()
    ordered = sorted(times[before : before + done])
    row = {"per_s": done / took, "p50_ms": 1e3 * ordered[done // 2], "p99_ms": 1e3 * ordered[int(0.99 * done)]}
    print(json.dumps(row), flush=True)


def clients_of(port, token, given):
    command = [sys.executable, __file__, "--publish", str(port), "--seconds", str(given.seconds)]
    command += ["--clients", str(given.clients), "--in-flight", str(given.in_flight)]
    done = subprocess.run(
        command, env={**os.environ, "TWINHOP_TOKEN": token}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def door_round(folder, given):
    command = [sys.executable, __file__, "--serve", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ready = json.loads(process.stdout.readline())
        row = clients_of(ready["port"], ready["token"], given)
        process.stdin.close()
        row["server_processor_s"] = json.loads(process.stdout.readline())["processor_s"]
    return row


def mosquitto_round(folder, given):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = Path(folder) / "mosquitto.conf"
    lines = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous true",
        "persistence true",
        f"persistence_location {folder}/",
    )
    more = ("max_queued_messages 0", "max_inflight_messages 0", "user root" if os.getuid() == 0 else "")
    settings.write_text("\n".join((*lines, *more, "")))
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with subprocess.Popen([program, "-c", settings], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + WAIT_S
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.05)
            return clients_of(port, "x", given)
        finally:
            process.terminate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--publish", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    if given.publish:
        publish(given.publish, os.environ["TWINHOP_TOKEN"], given.clients, given.in_flight, given.seconds)
        return
    for at in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            before = fdatasync_ms(folder)
            door = door_round(Path(folder) / "twins", given)
            mosquitto = mosquitto_round(folder, given)
            after = fdatasync_ms(folder)
        row = {"round": at, "door": door, "mosquitto": mosquitto, "ratio": door["per_s"] / mosquitto["per_s"]}
        row |= {"fdatasync_p50_ms": [before[0], after[0]], "fdatasync_p99_ms": [before[1], after[1]]}
        print(json.dumps({"figure": "MQTT, PUBACK on disk beside Mosquitto in memory", **row}), flush=True)


if __name__ == "__main__":
    main()
