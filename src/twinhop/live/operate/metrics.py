"""Metrics of a server for Prometheus, in a registry of its own: what doors, host and controller do.

Doors and the host call it once a batch, on their own threads; gauges are read when somebody asks. No label ever holds
an id or anything else that a device chooses.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from twinhop._version import __version__

if TYPE_CHECKING:
    from twinhop.live.host import Host, Told

#: Upper ends of what a histogram counts [s], and of batches [updates].
DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 400, 1_000, 5_000)
DOORS = ("http", "websocket", "mqtt")
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
OTHER = "other"


class Metrics:
    """What is counted.

    Args:
        clock_s: the time by which `received_s` is given, as `Host.now_s` [s].
    """

    def __init__(self, clock_s: Callable[[], float] = time.time) -> None:
        self.clock_s = clock_s
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def of(kind: type, name: str, words: str, labels: Sequence[str] = (), **more: Any) -> Any:
            return kind(f"twinhop_{name}", words, labels, registry=registry, **more)

        of(Gauge, "build_info", "Always 1; the version is its label.", ["version"]).labels(__version__).set(1)
        self._acknowledged = of(
            Counter, "updates_acknowledged", "Updates that are on disk and were acknowledged.", ["door"]
        )
        self._refused = of(
            Counter, "updates_refused", "Updates that a door refused: none of them was acknowledged.", ["door", "code"]
        )
        self._folded = of(
            Counter,
            "updates_folded",
            "Updates that twins have taken, by what came of them; reason is empty unless they were set aside.",
            ["outcome", "reason"],
        )
        self._entries = of(Counter, "entries_refused", "Entries other than updates that changed nothing.")
        self._batch = of(
            Histogram, "batch_updates", "Updates that a door handed over at once.", ["door"], buckets=BATCHES
        )
        self._durable = of(
            Histogram,
            "durable_seconds",
            "From the arrival of a batch until it was on disk.",
            ["door"],
            buckets=DURATIONS_S,
        )
        self._applied = of(
            Histogram,
            "applied_seconds",
            "From the arrival of updates until twins had taken them: of the oldest of each group that is told.",
            buckets=DURATIONS_S,
        )
        self._connections = of(Gauge, "connections", "Connections that are open.", ["door"])
        self._closed = of(
            Counter, "connections_refused", "Connections that were refused or cut off.", ["door", "reason"]
        )
        self._requests = of(Counter, "http_requests", "Requests that were answered.", ["route", "method", "status"])
        self._request_s = of(Histogram, "http_request_seconds", "Duration of requests.", ["route"], buckets=DURATIONS_S)
        self._by_door = {
            door: (self._acknowledged.labels(door), self._batch.labels(door), self._durable.labels(door))
            for door in DOORS
        }
        for door in DOORS:
            self._connections.labels(door)
        self._known: dict[tuple[str, str], Any] = {}

    def acknowledged(self, door: str, updates: int, seconds: float) -> None:
        """A door has acknowledged a batch.

        Args:
            door: of `DOORS`.
            updates: in it.
            seconds: from its arrival until it was on disk [s].
        """
        total, batch, durable = self._by_door[door]
        total.inc(updates)
        batch.observe(updates)
        durable.observe(seconds)

    def refused(self, door: str, code: str, updates: int = 1) -> None:
        """A door has refused updates.

        Args:
            door: of `DOORS`.
            code: of the problem, one of the few that doors know.
            updates: how many.
        """
        self._refused.labels(door, code).inc(updates)

    def told(self, told: Sequence[Told]) -> None:
        """What became of entries; for `Host(listen=...)`."""
        counts: Tally[tuple[str, str]] = Tally()
        oldest_s = float("inf")
        refused = 0
        for _, each in told:
            answer, update = each.answer, each.entry.update
            if answer is not None:
                counts[answer.outcome, answer.reason or ""] += 1
                if update is not None and update.received_s is not None and update.received_s < oldest_s:
                    oldest_s = update.received_s
            elif each.refused:
                if update is None:
                    refused += 1
                else:
                    counts["refused", ""] += 1
        for key, count in counts.items():
            counter = self._known.get(key)
            if counter is None:
                counter = self._known[key] = self._folded.labels(*map(str, key))
            counter.inc(count)
        if refused:
            self._entries.inc(refused)
        if oldest_s < float("inf"):
            self._applied.observe(max(self.clock_s() - oldest_s, 0.0))

    def connected(self, door: str, count: int = 1) -> None:
        """A connection was opened; with a count of -1, one was closed."""
        self._connections.labels(door).inc(count)

    def cut_off(self, door: str, reason: str) -> None:
        """A connection was refused or cut off, for one of the few reasons that doors know."""
        self._closed.labels(door, reason).inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered.

        Args:
            method: of the request.
            route: its template, as ``/v1/twins/{id}``; empty: there is no such route.
            status: of the answer; 0: nobody waited for it.
            seconds: of both [s].
        """
        route = route or OTHER
        self._requests.labels(route, method if method in METHODS else OTHER, str(status)).inc()
        self._request_s.labels(route).observe(seconds)

    def watch(self, host: Host, folder: Path) -> None:
        """Read gauges of a host and of its folder whenever somebody asks.

        Args:
            host: that runs.
            folder: that it writes.
        """
        self.registry.register(_OfHost(host, folder))

    def watch_controller(self, controller: Any) -> None:
        """Read what a controller has planned and moved whenever somebody asks.

        Args:
            controller: has `facts()`.
        """
        self.registry.register(_OfController(controller))

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """All of it, as text for Prometheus.

        Args:
            accept: the header of whoever asks.

        Returns:
            The text, and its media type.
        """
        encode, kind = choose_encoder(accept)
        return encode(_WithoutBirths(self.registry)), kind


class _WithoutBirths(CollectorRegistry):
    """What a registry collects, without when each counter was made.

    Args:
        registry: of the metrics.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def collect(self) -> Iterable[Any]:
        for family in self._registry.collect():
            family.samples = [each for each in family.samples if not each.name.endswith("_created")]
            yield family


class _OfHost(Collector):
    """Gauges of a host; none of them waits for it."""

    def __init__(self, host: Host, folder: Path) -> None:
        self._host, self._folder = host, folder

    def describe(self) -> Iterable[Any]:
        return []

    def collect(self) -> Iterable[Any]:
        facts = self._host.facts()
        for name, words in (
            ("waiting_records", "Records that wait to be written or applied; beyond the limit doors answer busy."),
            ("waiting_bytes", "The same in bytes."),
            ("active_twins", "Twins in memory."),
            ("twins", "Twins that are there."),
            ("damaged_twins", "Twins that are set aside, as far as is known: what is kept of them is damaged."),
        ):
            yield GaugeMetricFamily(f"twinhop_{name}", words, facts[name])
        yield GaugeMetricFamily(
            "twinhop_journal_mark", "Low-water mark: checkpoints cover records up to here.", facts["mark"]
        )
        yield GaugeMetricFamily("twinhop_journal_last", "Position of the newest record.", facts["last"])
        yield CounterMetricFamily("twinhop_records_applied", "Records applied or judged.", facts["applied_records"])
        stored = facts["stored_checkpoints"]
        yield CounterMetricFamily("twinhop_checkpoints_stored", "Checkpoints that were written.", stored)
        disk = shutil.disk_usage(self._folder)
        yield GaugeMetricFamily("twinhop_disk_free_bytes", "Room that is left for the folder.", disk.free)
        yield GaugeMetricFamily(
            "twinhop_disk_least_bytes",
            "Below so much room nothing is acknowledged.",
            self._host.limits.free_bytes,
        )
        size = sum(_size(path) for path in self._folder.glob("*.db*"))
        yield GaugeMetricFamily("twinhop_folder_bytes", "Size of journal and checkpoints.", size)
        yield GaugeMetricFamily(
            "twinhop_acknowledging",
            "1: updates are acknowledged; 0: there is no room, or the host has stopped.",
            float(not self._host.trouble and self._host.failure is None),
        )


class _OfController(Collector):
    """What a controller has planned and moved."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller

    def describe(self) -> Iterable[Any]:
        return []

    def collect(self) -> Iterable[Any]:
        facts: Mapping[str, float] = self._controller.facts()
        for fact, name, words in (
            ("decisions", "decisions", "Slots that were decided."),
            ("slots_missed", "slots_missed", "Slots that passed before their turn came."),
            ("slots_failed", "slots_failed", "Slots for which no plan could be made."),
        ):
            yield CounterMetricFamily(f"twinhop_controller_{name}", words, facts.get(fact, 0))
        for fact, name, words in (
            ("slot", "slot", "Number of the newest slot that was decided."),
            ("users", "users", "Users of the newest plan."),
            ("decision_s", "decision_seconds", "How long the newest plan took."),
            ("cost_s", "cost_seconds", "Cost of the newest plan."),
            ("bound_s", "bound_seconds", "Certified lower bound of that cost."),
            ("gap", "gap_ratio", "Gap of the newest plan: cost / bound - 1."),
            ("moves_planned", "moves_planned", "Moves of the newest plan."),
            ("moves_pending", "moves_pending", "Moves that are decided and not done."),
        ):
            if fact in facts:
                yield GaugeMetricFamily(f"twinhop_controller_{name}", words, facts[fact])
        moves = CounterMetricFamily("twinhop_controller_moves", "Moves that ended, by how.", labels=["state"])
        for state in ("done", "failed"):
            moves.add_metric([state], facts.get(f"moves_{state}", 0))
        yield moves


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # removed meanwhile
        return 0
