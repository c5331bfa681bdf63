"""Twins that live: durable records a second, time to be ready after a kill, memory; one JSON line a figure.

    python benchmarks/live.py [--only rate|ready|memory] [--twins 10000] [--above 1] [--seconds 3] [--rounds 5]

Rates are of the journal of a host, in batches of 50 records that eight clients submit, and of a bare loop that writes
the same records in groups of as many into the same kind of store, in turns; the ratio is what the host takes. What an
fdatasync takes in the same folder meanwhile is printed beside, since that is what a disk grants.
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
from pathlib import Path

from twinhop.live import Entry, Host, Kind, Limits, TwinSpec
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("rate", "ready", "memory"))
    parser.add_argument("--twins", type=int, default=10_000)
    parser.add_argument("--above", type=int, default=1, help="records of each twin above the low-water mark")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fill", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fill:
        fill(given.fill, given.twins, given.above)
    if given.only in (None, "rate"):
        rates(given.seconds, given.rounds)
    if given.only in (None, "ready"):
        ready(given.twins, given.above)
    if given.only in (None, "memory"):
        memory(given.twins)


if __name__ == "__main__":
    main()
