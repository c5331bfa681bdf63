"""A server that runs, as an operator sees it: ends, full disks, folders and ports in use, clocks, backups."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from programs import program
from served import HEADERS, TOKEN, command, devices, sequence_numbers, served, until

pytestmark = pytest.mark.live
MIB = 2**20


def twinhop(*words, **variables):
    environment = {**os.environ, "TWINHOP_TOKEN": TOKEN, **variables}
    call = [sys.executable, "-m", "twinhop", *map(str, words)]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, env=environment)


def refused(*words, **variables):
    """The one line that a command ends with."""
    environment = {**os.environ, "TWINHOP_TOKEN": TOKEN, **variables}
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 2, done.stderr
    (line,) = [each for each in done.stderr.splitlines() if each]
    return line


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server") / "twins") as each:
        yield each


def test_metrics_are_as_prometheus_wants_them(server):
    assert server.send("checked", 1, 2, 3).status_code == 200
    assert server.send("checked", 0).status_code == 400
    text = server.get("/metrics").text
    done = subprocess.run([program("promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "checked" not in text, "no label holds an id"
    assert server.metric("twinhop_updates_acknowledged_total", door="http") >= 3
    assert server.metric("twinhop_http_requests_total", route="/v1/twins/{twin}/updates", status="200") >= 1


def test_alerts_and_the_job_are_as_prometheus_wants_them(tmp_path):
    deploy = Path(__file__).parents[3] / "deploy"
    for words in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        done = subprocess.run([program("promtool"), "check", *words], cwd=deploy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("seconds", [6, pytest.param(30, marks=pytest.mark.slow)])
def test_prometheus_scrapes_and_answers_for_three_series(server, tmp_path, seconds):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = server.url.removeprefix("http://")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: twinhop, static_configs: [{{targets: ['{address}']}}]}}]\n"
    )
    words = [program("prometheus"), f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    words += [f"--web.listen-address=127.0.0.1:{port}"]
    with (tmp_path / "log").open("w") as log:
        prometheus = subprocess.Popen(words, stdout=log, stderr=log)

    def asked(query):
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/query", params={"query": query}, timeout=5).json()
        except (httpx.HTTPError, ValueError):  # it is starting
            return None
        return [float(each["value"][1]) for each in answer["data"]["result"]]

    try:
        until(lambda: asked('up{job="twinhop"}') == [1.0], 30)
        end_s, seq = time.monotonic() + seconds, 0
        while time.monotonic() < end_s:
            seq += 1
            assert server.send("scraped", seq).status_code == 200
            time.sleep(0.2)
        time.sleep(1.5)
        acknowledged = server.metric("twinhop_updates_acknowledged_total", door="http")
        assert asked('twinhop_updates_acknowledged_total{door="http"}') == [acknowledged]
        assert asked("twinhop_acknowledging") == [1.0]
        (rate,) = asked(f'rate(twinhop_updates_acknowledged_total{{door="http"}}[{seconds}s])')
        assert 1.0 < rate < 6.0
        (missed,) = asked(f"count_over_time(up[{seconds}s]) - sum_over_time(up[{seconds}s])")
        assert missed == 0
    finally:
        prometheus.terminate()
        prometheus.wait(20)


def test_a_second_process_on_the_folder_is_refused_in_one_line(server):
    data = server.out[0].split("twins in ")[1].split(";")[0]
    line = refused(*command(data))
    assert "another run writes here (process " in line and data in line
    assert server.get("/health/ready").status_code == 200
    done = twinhop("doctor", data)
    assert done.returncode == 0 and f"by process {server.process.pid}" in done.stdout


def test_a_port_in_use_is_refused_in_one_line_and_nothing_begins(server, tmp_path):
    port = server.url.rpartition(":")[2]
    line = refused(*command(tmp_path / "twins", "--port", port))
    assert f"port {port} at 127.0.0.1: cannot be listened at" in line
    assert not (tmp_path / "twins").exists()


def test_sigterm_under_load_loses_nothing_and_does_not_hang(tmp_path):
    data = tmp_path / "twins"
    with served(data) as server, devices(server.url, 5) as sending:
        until(lambda: all(each.acknowledged > 100 for each in sending))
        begun_s = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - begun_s < 30
        acknowledged = {f"device-{number}": each.acknowledged for number, each in enumerate(sending)}
    found = sequence_numbers(data, acknowledged)
    for twin, seq in acknowledged.items():
        assert seq <= found[twin][0] == found[twin][1] <= seq + 20, (twin, seq, found[twin])
    assert any(each["event"].startswith("ending") for each in server.log)
    assert twinhop("doctor", data).returncode == 0


def test_a_folder_goes_on_after_kill_9_and_a_second_signal_ends_at_once(tmp_path):
    data = tmp_path / "twins"
    with served(data) as server, devices(server.url, 4) as sending:
        until(lambda: all(each.acknowledged > 100 for each in sending))
        server.end(signal.SIGKILL)
        acknowledged = {f"device-{number}": each.acknowledged for number, each in enumerate(sending)}
    done = twinhop("doctor", data)
    assert done.returncode == 0 and "the last end was not orderly" in done.stdout
    with served(data) as server:
        assert server.metric("twinhop_twins") == 4
        with devices(server.url, 2):
            server.process.send_signal(signal.SIGTERM)
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(20) in (0, 128 + signal.SIGINT, 128 + signal.SIGTERM)
    found = sequence_numbers(data, acknowledged)
    for twin, seq in acknowledged.items():
        assert found[twin][0] >= seq and found[twin][1] == found[twin][0]


@contextmanager
def small_disk(tmp_path):
    """A folder on a disk that can be filled, the limit of its server, and how much fills it [byte]."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True).returncode == 0:
        try:
            yield place, 32 * MIB, 70 * MIB
        finally:
            subprocess.run(["umount", "-l", str(place)], check=True)
    else:  # without the right to mount: the limit close to what is free, with room for what others write meanwhile
        statistics = os.statvfs(place)
        yield place, statistics.f_bavail * statistics.f_frsize - 2_000 * MIB, 4_000 * MIB


def test_low_disk_nothing_is_acknowledged_it_is_said_and_it_goes_on(tmp_path):
    with small_disk(tmp_path) as (place, limit, filling):
        data = place / "twins"
        config = f"create_unknown: true\nlimits: {{free_bytes: {limit}}}\n"
        with served(data, config=config) as server, devices(server.url, 3) as sending:
            until(lambda: all(each.acknowledged > 100 for each in sending))
            with (place / "ballast").open("wb") as ballast:
                os.posix_fallocate(ballast.fileno(), 0, filling)
            until(lambda: server.metric("twinhop_acknowledging") == 0)
            time.sleep(0.5)  # what was under way is answered
            before = [each.acknowledged for each in sending]
            answer = server.send("other", 1)
            assert answer.status_code == 507 and answer.headers["retry-after"]
            assert answer.json()["type"] == "/problems/no-room" and "MiB are free" in answer.json()["detail"]
            ready = server.get("/health/ready")
            assert ready.status_code == 503 and "MiB are free" in ready.json()["detail"]
            assert server.get("/health/live").status_code == 200
            time.sleep(1.0)
            assert [each.acknowledged for each in sending] == before
            assert server.metric("twinhop_updates_refused_total", code="no-room") > 0
            (place / "ballast").unlink()
            until(lambda: server.get("/health/ready").status_code == 200)
            until(lambda: all(each.acknowledged > was + 20 for each, was in zip(sending, before, strict=True)))
            until(lambda: any(each["event"] == "updates are acknowledged again" for each in server.log))
            assert server.end() == 0
            acknowledged = {f"device-{number}": each.acknowledged for number, each in enumerate(sending)}
            events = [each["event"] for each in server.log]
            assert events.count("nothing is acknowledged") == events.count("updates are acknowledged again") == 1
        found = sequence_numbers(data, acknowledged)
    for twin, seq in acknowledged.items():
        assert found[twin][0] >= seq and found[twin][1] == found[twin][0]


def test_curl_sends_and_asks(server):
    body = '{"updates": [{"seq": 1, "values": {"position": [10, 20], "load": 1.5}, "observed_s": 5}]}'
    words = [program("curl"), "--silent", "--show-error", "--fail-with-body", "-H", f"Authorization: Bearer {TOKEN}"]
    address = f"{server.url}/v1/twins/curl%2F1/updates"
    sent = subprocess.run([*words, "--json", body, address], capture_output=True, text=True)
    assert sent.returncode == 0 and '"acked_through":{"incarnation":1,"seq":1}' in sent.stdout, sent
    without = subprocess.run([program("curl"), "--silent", "--json", body, address], capture_output=True, text=True)
    assert '"type":"/problems/unauthorized"' in without.stdout.replace(": ", ":")


def test_curl_makes_a_twin_and_reads_its_forecast(server):
    """The quick start."""
    words = [program("curl"), "--silent", "--show-error", "--fail-with-body", "-H", f"Authorization: Bearer {TOKEN}"]
    twin = f"{server.url}/v1/twins/quick"

    def asked(*more):
        done = subprocess.run([*words, *more], capture_output=True, text=True)
        assert done.returncode == 0, done
        return json.loads(done.stdout)

    asked("-X", "PUT", "--json", "{}", twin)
    now_s = time.time()
    sent = [
        {"seq": n, "values": {"position": [3 * n, 0], "load": 1}, "observed_s": now_s - 10 + n} for n in range(1, 11)
    ]
    asked("--json", json.dumps({"updates": sent}), f"{twin}/updates")
    position = asked(f"{twin}/forecast?ahead_s=2")["dimensions"]["position"]
    assert position["low"][0] < 36 < position["high"][0] and abs(position["mean"][0] - 36) < 3
    assert asked(twin)["id"] == "quick"


def test_secrets_are_in_no_line_that_it_writes(server):
    httpx.get(f"{server.url}/v1/twins/x", headers={"Authorization": "Bearer not-a-token-of-this-server"})
    httpx.get(f"{server.url}/v1/twins/x?token={TOKEN}")
    server.get("/nowhere")
    lines = "\n".join(server.out) + server._err.read_text()
    assert TOKEN not in lines and "not-a-token" not in lines and HEADERS["Authorization"] not in lines


def test_the_unit_of_systemd(tmp_path):
    unit = (Path(__file__).parents[3] / "deploy" / "twinhop.service").read_text()
    installed = unit.replace("/opt/twinhop/bin/twinhop", str(Path(sys.executable).parent / "twinhop"))
    assert installed != unit
    (tmp_path / "twinhop.service").write_text(installed)
    words = [program("systemd-analyze"), "verify", str(tmp_path / "twinhop.service")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr + done.stdout, done
    words = [program("systemd-analyze"), "security", "--offline=yes", "--threshold=20"]
    done = subprocess.run([*words, str(tmp_path / "twinhop.service")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-300:]


def test_backup_while_devices_send_restore_and_serve_again(tmp_path):
    data, archive = tmp_path / "twins", tmp_path / "monday.tar"
    with served(data) as server:
        with devices(server.url, 3) as sending:
            until(lambda: all(each.acknowledged > 100 for each in sending))
            before = {f"device-{number}": each.acknowledged for number, each in enumerate(sending)}
            done = twinhop("backup", server.url, archive)
            assert done.returncode == 0 and "every checksum in it matches" in done.stdout, done.stderr
            went_on = [each.acknowledged for each in sending]
            until(lambda: all(each.acknowledged > was for each, was in zip(sending, went_on, strict=True)))
        assert not list(data.glob(".backup*"))
        assert httpx.get(f"{server.url}/v1/backup").status_code == 401
        assert "401" in refused(
            sys.executable, "-m", "twinhop", "backup", server.url, tmp_path / "x", TWINHOP_TOKEN="no"
        )
        assert not (tmp_path / "x").exists()
    assert twinhop("restore", archive, tmp_path / "again").returncode == 0
    assert twinhop("doctor", tmp_path / "again").returncode == 0
    found = sequence_numbers(tmp_path / "again", before)
    for twin, seq in before.items():
        assert found[twin][0] >= seq and found[twin][1] == found[twin][0]
    with served(tmp_path / "again") as server:
        assert server.metric("twinhop_twins") == 3
        assert server.send("device-0", found["device-0"][0] + 1).status_code == 200
