"""Twins that live: durable records a second, time to be ready after a kill, memory; one JSON line a figure.

    python benchmarks/live.py [--only rate|http|ready|memory] [--twins N] [--above 1] [--seconds 3] [--rounds 5]
    python benchmarks/live.py --only cost --twins 2000 --rounds 3
    python benchmarks/live.py --only steady --seconds 600

Rates are of the journal of a host, in batches of 50 records that eight clients submit, and of a bare loop that writes
the same records in groups of as many into the same kind of store, in turns; the ratio is what the host takes. What an
fdatasync takes in the same folder meanwhile is printed beside, since that is what a disk grants. With `steady` all
twins send once a second, for so many seconds; printed are how late updates were applied, memory, processor, and how
busy others kept the machine. With `cost` the processor's time of updates is taken, written and applied as fast as they
can be, without checkpoints and with one of every twin each 30 updates.

Of HTTP the same: a server in a process of its own, clients in others, each with connections that send batches of 50 as
JSON or msgpack, one after the other; then single updates at a pace, with the time from their observation until their
twins have taken them.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from pathlib import Path

from twinhop.live import Entry, Host, Kind, Limits, TwinSpec
from twinhop.live.projections import Roster
from twinhop.live.sqlite import open_folder
from twinhop.twin import Dimension, Retention, TwinSchema, Update

BATCH, CLIENTS, WINDOW, PROBES = 50, 8, 4, 40
WAIT_S = 600.0
#: Updates are made before for no higher rate [1/s].
MOST_PER_S = 60_000
SCHEMA = TwinSchema(
    dimensions=(
        Dimension(name="position", kind="position_2d", unit="m", tolerance=5.0),
        Dimension(name="speed", kind="scalar", unit="m/s"),
    )
)
SPEC = TwinSpec(
    state_schema=SCHEMA, models={"position": "constant_velocity"}, retention=Retention(max_records=300)
).model_dump_json()


def create(twin):
    return Entry(Kind.CREATE, twin, facts={"spec": SPEC, "attributes": {}})


def sent(twin, seq):
    values = SCHEMA.vector({"position": (float(seq), 1.0), "speed": 3.0})
    return Entry(Kind.UPDATE, twin, Update(seq, float(seq), values, 1, float(seq)))


def fdatasync_ms(folder):
    """Median and 99th percentile of syncing 216 bytes [ms]."""
    path, times = Path(folder) / "probe", []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    for _ in range(PROBES):
        os.write(descriptor, bytes(216))
        started = time.perf_counter()
        os.fdatasync(descriptor)
        times.append(1e3 * (time.perf_counter() - started))
    os.close(descriptor)
    path.unlink()
    return statistics.median(times), statistics.quantiles(times, n=100)[98]


def names_of(client):
    return [f"car-{client}-{at}" for at in range(BATCH)]


def batches_of(count):
    """The batches of every client, each of the next update of its twins."""
    return [
        [[sent(name, seq) for name in names_of(client)] for seq in range(1, count + 1)] for client in range(CLIENTS)
    ]


def bare_rate(folder, seconds, size, batches):
    """Records a second of a loop that writes groups of as many as the host does, encoded before [1/s]."""
    records = [each.encoded() for round_of in zip(*batches, strict=True) for batch in round_of for each in batch]
    with open_folder(folder) as opened:
        journal, count = opened.engine.journal, 0
        started = time.perf_counter()
        while time.perf_counter() - started < seconds and count < len(records):
            count += len(journal.append(records[count : count + size]))
        return count / (time.perf_counter() - started)


def host_rate(folder, seconds, limits, batches):
    """Records a second acknowledged to all clients, and applied to all twins [1/s]."""
    with open_folder(folder) as opened, Host(opened.engine, limits) as host:
        host.submit([create(name) for client in range(CLIENTS) for name in names_of(client)]).result(WAIT_S)
        counts, started = [0] * CLIENTS, time.perf_counter()

        def client(index):
            open_futures = []
            for batch in batches[index]:
                if time.perf_counter() - started >= seconds:
                    break
                open_futures.append(host.submit(batch))
                if len(open_futures) == WINDOW:
                    counts[index] += len(open_futures.pop(0).result(WAIT_S))
            counts[index] += sum(len(each.result(WAIT_S)) for each in open_futures)

        threads = [threading.Thread(target=client, args=(index,)) for index in range(CLIENTS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        seconds = time.perf_counter() - started
        while host.facts()["waiting_records"]:
            time.sleep(0.01)
        return sum(counts) / seconds, sum(counts) / (time.perf_counter() - started)


def rates(seconds, rounds):
    limits, batches = Limits(waiting=10**7), batches_of(int(MOST_PER_S * seconds / BATCH / CLIENTS))
    with tempfile.TemporaryDirectory() as folder:
        for at in range(rounds):
            before = fdatasync_ms(folder)
            bare = bare_rate(Path(folder) / f"bare-{at}", seconds, limits.group, batches)
            host, applied = host_rate(Path(folder) / f"host-{at}", seconds, limits, batches)
            after = fdatasync_ms(folder)
            row = {"round": at, "bare_per_s": bare, "host_per_s": host, "ratio": host / bare, "applied_per_s": applied}
            row |= {"fdatasync_p50_ms": [before[0], after[0]], "fdatasync_p99_ms": [before[1], after[1]]}
            print(json.dumps({"figure": "durable records", **row}), flush=True)


TOKEN_OF_RUN = "benchmark-benchmark-benchmark-benchmark"
PROCESSES, CONNECTIONS = 2, 4
PACE_S, PACED_S = 0.002, 4.0


def serve(folder):
    """A server whose address is printed, and at its end how long single updates took until they were applied."""
    from twinhop.live.serve import Server, load_config
    from twinhop.scenario import load_scenario

    ages = []

    applied = [0]

    def told(items):
        now_s = time.time()
        updates = [each for _, each in items if each.answer is not None]
        applied[0] += len(updates)
        ages.extend(now_s - each.entry.update.observed_s for each in updates if each.twin == "paced")

    def watch():
        expected = int(sys.stdin.readline() or 0)
        while applied[0] < expected:
            time.sleep(0.05)
        print("applied", flush=True)

    threading.Thread(target=watch, daemon=True).start()

    limits = {"waiting": 10**7, "waiting_bytes": 2**31, "checkpoint_s": 1e9}
    doors = {"updates_per_s": 1e9, "burst": 1e9}
    twins = json.loads(SPEC)
    usual = {"port": 0, "mqtt_port": None, "create_unknown": True, "log": {"level": "error"}}
    config = load_config(None, limits=limits, doors=doors, twins=twins, **usual)
    server = Server(load_scenario("city-small"), Path(folder), config)
    server.listeners.append(told)
    server.run(lambda addresses: print(addresses.url, flush=True))
    ages = sorted(ages)
    if ages:
        print(json.dumps([1e3 * ages[len(ages) // 2], 1e3 * ages[int(0.99 * len(ages))]]), flush=True)


def request_of(twin, first, count, form, observed_s=None):
    """One request, whole."""
    import msgspec

    updates = [
        {
            "seq": seq,
            "values": {"position": [float(seq), 1.0], "speed": 3.0},
            "observed_s": float(seq) if observed_s is None else observed_s,
        }
        for seq in range(first, first + count)
    ]
    body = (msgspec.msgpack if form == "msgpack" else msgspec.json).encode({"updates": updates})
    head = (
        f"POST /v1/twins/{twin}/updates HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {TOKEN_OF_RUN}\r\n"
        f"Content-Type: application/{form}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def http_client(port, name, seconds, form):
    """Batches on some connections, each with the next batch once the last is acknowledged; prints how many were."""
    import selectors
    import socket

    count = int(MOST_PER_S * seconds / BATCH / PROCESSES / CONNECTIONS)
    requests = [
        [request_of(f"car-{name}-{at}", 1 + BATCH * batch, BATCH, form) for batch in range(count)]
        for at in range(CONNECTIONS)
    ]
    ready, done = selectors.DefaultSelector(), 0
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    for each in requests:
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        queue = iter(each)
        connection.sendall(next(queue))
        ready.register(connection, selectors.EVENT_READ, [queue, b""])
    while ready.get_map() and time.perf_counter() - started < seconds:
        for key, _ in ready.select(1.0):
            answer = key.data[1] = key.data[1] + key.fileobj.recv(65536)
            assert answer.startswith(b"HTTP/1.1 200"), answer
            if not answer.endswith(b'"count":%d}' % BATCH):
                continue
            done += BATCH
            key.data[1] = b""
            following = next(key.data[0], None)
            if following is None:
                ready.unregister(key.fileobj)
            else:
                key.fileobj.sendall(following)
    print(json.dumps([done, time.perf_counter() - started]), flush=True)


def http_rate(folder, seconds, form):
    """Updates a second acknowledged by HTTP, device to applied [ms], and processor seconds of 1,000 updates."""
    environment = {**os.environ, "TWINHOP_TOKEN": TOKEN_OF_RUN}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(folder)], **pipes)
    port = server.stdout.readline().strip().rpartition(":")[2]
    try:
        command = [sys.executable, __file__, "--client", port, "--seconds", str(seconds), "--form", form]
        clients = [subprocess.Popen([*command, "--name", f"{at}"], **pipes) for at in range(PROCESSES)]
        for each in clients:
            each.stdout.readline()
        before_s = processor_s(server.pid)
        for each in clients:
            each.stdin.write("\n")
            each.stdin.flush()
        results = [json.loads(each.communicate()[0]) for each in clients]
        computed_s = processor_s(server.pid) - before_s
        total = sum(done for done, _ in results)
        server.stdin.write(f"{total}\n")
        server.stdin.flush()
        server.stdout.readline()
        paced(int(port))
    finally:
        server.terminate()
        last = server.communicate()[0].strip()
    return total / max(took for _, took in results), json.loads(last), 1e3 * computed_s / total


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def paced(port):
    """Single updates, one after the other at a pace."""
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Authorization": f"Bearer {TOKEN_OF_RUN}", "Content-Type": "application/json"}
    started = time.perf_counter()
    for seq in range(1, int(PACED_S / PACE_S)):
        time.sleep(max(started + seq * PACE_S - time.perf_counter(), 0.0))
        body = {"updates": [{"seq": seq, "values": {"speed": 3.0}, "observed_s": time.time()}]}
        connection.request("POST", "/v1/twins/paced/updates", json.dumps(body), headers)
        assert connection.getresponse().read()
    connection.close()


def http_rates(seconds, rounds):
    limits, batches = Limits(waiting=10**7), batches_of(int(MOST_PER_S * seconds / BATCH / CLIENTS))
    with tempfile.TemporaryDirectory() as folder:
        for at in range(rounds):
            for form in ("json", "msgpack"):
                before = fdatasync_ms(folder)
                bare = bare_rate(Path(folder) / f"bare-{at}-{form}", seconds, BATCH, batches)
                grouped = bare_rate(Path(folder) / f"grouped-{at}-{form}", seconds, limits.group, batches)
                rate, applied, computed = http_rate(Path(folder) / f"http-{at}-{form}", seconds, form)
                after = fdatasync_ms(folder)
                row = {"round": at, "form": form, "bare_per_s": bare, "http_per_s": rate, "ratio": rate / bare}
                row |= {"bare_in_groups_per_s": grouped, "ratio_to_groups": rate / grouped}
                row |= {"server_processor_s_of_1000": computed, "load_average": os.getloadavg()[0]}
                row |= {"device_to_applied_p50_ms": applied[0], "device_to_applied_p99_ms": applied[1]}
                row |= {"fdatasync_p50_ms": [before[0], after[0]], "fdatasync_p99_ms": [before[1], after[1]]}
                print(json.dumps({"figure": "durable updates by HTTP", **row}), flush=True)


def fill(folder, twins, above):
    """Twins with three updates, checkpointed, and some more each in the journal alone; then this process is killed."""
    with open_folder(folder) as opened, Host(opened.engine, Limits(waiting=10**7, checkpoint_s=1e9)) as host:
        names = [f"car-{at}" for at in range(twins)]
        host.submit([create(name) for name in names]).result(WAIT_S)
        for seq in range(1, 4):
            host.submit([sent(name, seq) for name in names]).result(WAIT_S)
        host.flush().result(WAIT_S)
        for seq in range(4, 4 + above):
            host.submit([sent(name, seq) for name in names]).result(WAIT_S)
        os.kill(os.getpid(), signal.SIGKILL)


def ready(twins, above):
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--fill", folder, "--twins", str(twins), "--above", str(above)]
        subprocess.run(command, check=False)
        before = fdatasync_ms(folder)
        started, computed = time.perf_counter(), time.process_time()
        with open_folder(folder) as opened, Host(opened.engine) as host:
            times = {}

            def passed(what):
                times[f"{what}_s"] = time.perf_counter() - started
                times[f"{what}_processor_s"] = time.process_time() - computed

            passed("accepts")
            host.submit([sent("car-0", 4 + above)]).result(WAIT_S)
            passed("acknowledges")
            seq = host.ask(f"car-{twins // 2}", lambda fold: fold.twin.seq).result(WAIT_S)
            passed("answers")
            row = {**times, "twins": twins, "records_of_each_above_the_mark": above, "rss_mib": rss_mib()}
            row |= {"seq": seq, "fdatasync_p50_ms": before[0], "fdatasync_p99_ms": before[1]}
            print(json.dumps({"figure": "ready after kill -9", **row}), flush=True)
            while host.facts()["active_twins"] < twins:
                time.sleep(0.05)
            row = {"seconds": time.perf_counter() - started, "processor_s": time.process_time() - computed}
            print(json.dumps({"figure": "all twins resumed in the background", **row}), flush=True)


def spent_s():
    """Seconds of all processors that were not idle, of this process and of all [s]."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n")[0].split()[1:]]
    return time.process_time(), (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def quantiles_of(values):
    ranks = statistics.quantiles(values, n=1000)
    return {"p50": ranks[499], "p99": ranks[989], "p999": ranks[998], "max": max(values)}


def steady(twins, seconds):
    """Every twin sends once a second, in batches that are spread over the second; lateness is received to applied."""
    late, window, probes = array("d"), array("d"), array("d")
    lock, halt = threading.Lock(), threading.Event()

    def listen(told):
        now_s = host.now_s()
        with lock:
            for _, (_, entry, answer, *_) in told:
                if answer is not None:
                    window.append(now_s - entry.update.received_s)

    def probe():
        descriptor = os.open(Path(folder) / "probe", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        while not halt.wait(1.0):
            os.write(descriptor, bytes(216))
            started = time.perf_counter()
            os.fdatasync(descriptor)
            probes.append(1e3 * (time.perf_counter() - started))
        os.close(descriptor)

    def report(minute, begun, count, delays):
        now = time.perf_counter()
        process_s, machine_s = (after - before for after, before in zip(spent_s(), begun[1], strict=True))
        wall_s = now - begun[0]
        with lock:
            values, window[:] = list(window), array("d")
        late.extend(values)
        row = {"minute": minute, "twins": twins, "seconds": wall_s, "updates": count, "applied": len(values)}
        row |= {"late_s": quantiles_of(values), "rss_mib": rss_mib(), "cores": process_s / wall_s}
        row |= {"cores_of_others": (machine_s - process_s) / wall_s, "gateway_behind_s": max(delays, default=0.0)}
        print(json.dumps({"figure": "steady", **row}), flush=True)

    with tempfile.TemporaryDirectory() as folder, open_folder(folder) as opened:
        roster = Roster(Path(folder))
        limits = Limits(waiting=10**6, waiting_bytes=2**30)
        with Host(
            opened.engine, limits, listen=lambda told: (roster.fold(told), listen(told)), before_trim=roster.save
        ) as host:
            roster.owners = host.owners
            names = [f"car-{at}" for at in range(twins)]
            for at in range(0, twins, 1_000):
                host.submit([create(name) for name in names[at : at + 1_000]]).result(WAIT_S)
            while host.facts()["active_twins"] < twins:
                time.sleep(0.05)
            threading.Thread(target=probe, daemon=True).start()
            values = SCHEMA.vector({"position": (1.0, 1.0), "speed": 3.0})
            parts = [names[at : at + BATCH] for at in range(0, twins, BATCH)]
            began = minute_began = time.perf_counter()
            at_minute, count, minute, delays = (began, spent_s()), 0, 0, []
            for second in range(1, int(seconds) + 1):
                for at, part in enumerate(parts):
                    wait_s = began + second - 1 + at / len(parts) - time.perf_counter()
                    if wait_s > 0.001:
                        time.sleep(wait_s)
                    now_s = host.now_s()
                    delays.append(-wait_s)
                    host.submit([Entry(Kind.UPDATE, name, Update(second, now_s, values, 1, now_s)) for name in part])
                    count += len(part)
                if time.perf_counter() - minute_began >= min(60.0, seconds / 2) or second == int(seconds):
                    minute += 1
                    report(minute, at_minute, count, delays)
                    minute_began, count, delays = time.perf_counter(), 0, []
                    at_minute = (minute_began, spent_s())
            host.flush()
            while host.facts()["waiting_records"]:
                time.sleep(0.01)
            halt.set()
            report(minute + 1, at_minute, 0, [])
            row = {"late_s": quantiles_of(late), "of_all": len(late), "fdatasync_ms": quantiles_of(probes)}
            print(json.dumps({"figure": "steady, all", **row}), flush=True)


def rss_mib():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def memory(twins):
    """Resident memory as twins take updates; retention is 300 records."""
    with tempfile.TemporaryDirectory() as folder, open_folder(folder) as opened:
        with Host(opened.engine, Limits(waiting=10**7, checkpoint_s=1e9)) as host:
            names = [f"car-{at}" for at in range(twins)]
            empty = rss_mib()
            host.submit([create(name) for name in names]).result(WAIT_S)
            for seq in range(1, 121):
                host.submit([sent(name, seq) for name in names]).result(WAIT_S)
                if seq % 30 == 0:
                    while host.facts()["waiting_records"]:
                        time.sleep(0.05)
                    row = {"twins": twins, "updates": seq, "rss_mib": rss_mib(), "before_mib": empty}
                    print(json.dumps({"figure": "memory", **row}), flush=True)


def cost(twins, rounds):
    """Processor time of the host alone: records are made before, and submitted in groups as doors do."""
    records = [[sent(f"car-{at}", seq).encoded() for at in range(twins)] for seq in range(1, 30 * (rounds + 1) + 1)]
    for is_stored in (False, True):
        limits = Limits(waiting=10**7, waiting_bytes=2**30, checkpoint_s=1e9)
        with (
            tempfile.TemporaryDirectory() as folder,
            open_folder(folder) as opened,
            Host(opened.engine, limits) as host,
        ):
            host.submit([create(f"car-{at}") for at in range(twins)]).result(WAIT_S)
            host.flush().result(WAIT_S)
            for part in range(rounds + 1):  # the first warms up
                begun_s, stored = time.process_time(), host.facts()["stored_checkpoints"]
                for second in records[30 * part : 30 * (part + 1)]:
                    for at in range(0, twins, BATCH):
                        future = host.submit_records(second[at : at + BATCH])
                future.result(WAIT_S)
                if is_stored:
                    host.flush().result(WAIT_S)
                while host.facts()["waiting_records"]:
                    time.sleep(0.02)
                us = 1e6 * (time.process_time() - begun_s) / (30 * twins)
                row = {"round": part, "checkpoints": host.facts()["stored_checkpoints"] - stored, "us_of_an_update": us}
                if part:
                    row |= {"cores_at_10000_per_s": us / 100}
                    print(json.dumps({"figure": "cost of an update", "twins": twins, **row}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("rate", "http", "ready", "memory", "steady", "cost"))
    parser.add_argument("--twins", type=int, default=10_000)
    parser.add_argument("--above", type=int, default=1, help="records of each twin above the low-water mark")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    for hidden in ("--serve", "--client", "--name", "--form"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fill:
        fill(given.fill, given.twins, given.above)
    if given.serve:
        return serve(given.serve)
    if given.client:
        return http_client(int(given.client), given.name, given.seconds, given.form)
    if given.only in (None, "rate"):
        rates(given.seconds, given.rounds)
    if given.only in (None, "http"):
        http_rates(given.seconds, given.rounds)
    if given.only in (None, "ready"):
        ready(given.twins, given.above)
    if given.only in (None, "memory"):
        memory(given.twins)
    if given.only == "cost":
        cost(given.twins, given.rounds)
    if given.only == "steady":
        steady(given.twins, given.seconds)


if __name__ == "__main__":
    main()
