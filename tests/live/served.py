"""`twinhop serve` as a process, and devices that remember what was acknowledged."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

TOKEN = "an-administrator-of-tests-0123456789"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
READY_S = 60.0
CONFIG = "create_unknown: true\n"
LINE = re.compile(r"(http://[\d.:]+)")


class Served:
    """A server that runs; `log` and `out` are the lines that it wrote."""

    def __init__(self, process, url, out, err):
        self.process, self.url, self._out, self._err = process, url, out, err

    @property
    def out(self):
        return self._out.read_text().splitlines()

    @property
    def log(self):
        return [json.loads(line) for line in self._err.read_text().splitlines() if line.startswith("{")]

    def get(self, path, **more):
        return httpx.get(f"{self.url}{path}", headers=HEADERS, timeout=20, **more)

    def send(self, twin, *seqs, **more):
        updates = [{"seq": seq, "values": [float(seq), 1.0, 1.0], "observed_s": time.time()} for seq in seqs]
        address = f"{self.url}/v1/twins/{twin}/updates"
        return httpx.post(address, json={"updates": updates}, headers=HEADERS, timeout=20, **more)

    def metric(self, name, **labels):
        """The value of a series; None: there is none."""
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
            if match and dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")).items() >= labels.items():
                return float(match[2])
        return None

    def end(self, number=signal.SIGTERM, timeout=60):
        """End it by a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout)


def command(data, *options, city="city-small"):
    words = [sys.executable, "-m", "twinhop", "serve", city, "--data", data, "--port", 0, "--mqtt-port", 0, *options]
    return [*map(str, words)]


@contextmanager
def served(data, *options, config=CONFIG, prefix=(), **variables):
    """A server in a folder, ready."""
    data = Path(data)
    beside = data.parent
    settings, out, err = (beside / f"{data.name}.{each}" for each in ("yaml", "out", "err"))
    settings.write_text(config)
    words = [*prefix, *command(data, "--config", settings, "--log-format", "json", *options)]
    with out.open("w") as out_file, err.open("w") as err_file:
        environment = {**os.environ, "TWINHOP_TOKEN": TOKEN, **variables}
        process = subprocess.Popen(words, stdout=out_file, stderr=err_file, env=environment)
    try:
        end_s = time.monotonic() + READY_S
        while not (match := LINE.search(out.read_text())):
            assert process.poll() is None, err.read_text()
            assert time.monotonic() < end_s, "not ready in time"
            time.sleep(0.05)
        yield Served(process, match[1], out, err)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Device(threading.Thread):
    """Sends batches of updates of its twin, one after the other, and again what was not acknowledged."""

    def __init__(self, url, twin, batch=20):
        super().__init__(daemon=True)
        self._url, self._twin, self._batch = url, twin, batch
        self.acknowledged = 0
        self.problems = []
        self.ended = threading.Event()

    def run(self):
        with httpx.Client(base_url=self._url, headers=HEADERS, timeout=20) as client:
            while not self.ended.is_set():
                seqs = range(self.acknowledged + 1, self.acknowledged + self._batch + 1)
                updates = [{"seq": seq, "values": [float(seq), 1.0, 1.0]} for seq in seqs]
                try:
                    answer = client.post(f"/v1/twins/{self._twin}/updates", json={"updates": updates})
                except httpx.HTTPError as error:
                    self.problems.append(type(error).__name__)
                    time.sleep(0.1)
                    continue
                if answer.status_code == 200:
                    self.acknowledged = answer.json()["acked_through"]["seq"]
                else:
                    self.problems.append(answer.status_code)
                    time.sleep(0.05)


@contextmanager
def devices(url, count, batch=20):
    """Devices that send."""
    each = [Device(url, f"device-{number}", batch) for number in range(count)]
    for device in each:
        device.start()
    try:
        yield each
    finally:
        for device in each:
            device.ended.set()
        for device in each:
            device.join(30)


def sequence_numbers(data, twins):
    """What is in a folder that nobody serves: the newest sequence number of each twin, and how many were applied."""
    from twinhop.live import Host
    from twinhop.live.sqlite import open_folder

    with open_folder(data) as folder, Host(folder.engine) as host:
        asked = {twin: host.ask(twin, lambda fold: (fold.twin.seq, fold.counts["applied"])) for twin in twins}
        return {twin: future.result() for twin, future in asked.items()}


def until(condition, timeout_s=20.0):
    """Wait until something holds."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, "did not happen in time"
        time.sleep(0.05)
