"""The tables of a run: what users and hosts see in every slot, and from what every cost can be computed again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.io.table_values import without_infinities
from twinhop.migration.outcome import Outcome
from twinhop.migration.run import MigrationRun
from twinhop.runs.parted_table import PartedTable
from twinhop.runs.simulation_summary import BITS_PER_BYTE, TERMS, unmeetable

#: Slots and rows of users after which what is held in memory is written.
PART_SLOTS, PART_ROWS = 50, 250_000
Columns = dict[str, np.ndarray]


class RunTables:
    """`users.parquet` and `world.parquet`, a row a slot and user served; `stations.parquet`, a row a slot and host.

    `slots.parquet` has a row a slot. Outcomes are added in order; every `PART_SLOTS` slots what has come is written.
    """

    def __init__(self, run: MigrationRun, folder: Path) -> None:
        """Begin the files in a folder that holds none of these names."""
        import polars as pl

        self._run = run
        self.slots_written = 0
        """Slots that can be read whatever happens."""
        self._names = {
            column: pl.Series(ids, dtype=pl.Enum(ids))
            for column, ids in (
                ("user", run.user_ids),
                ("access", run.world_run.station_ids),
                ("host", run.host_ids),
                ("station", run.host_ids),
            )
        }
        self._makers: dict[str, Callable[[Outcome], Columns]] = {
            "users": user_columns,
            "world": world_columns,
            "stations": station_columns,
            "slots": slot_columns,
        }
        self._files = {name: PartedTable(folder / f"{name}.parquet") for name in self._makers}
        self._held: dict[str, list[Columns]] = {name: [] for name in self._makers}
        self._rows = 0

    def add(self, outcome: Outcome) -> None:
        """Add the rows of a slot.

        Raises:
            OSError: they cannot be written.
        """
        for name, make in self._makers.items():
            self._held[name].append(make(outcome))
        self._rows += len(outcome.host)
        if len(self._held["slots"]) >= PART_SLOTS or self._rows >= PART_ROWS:
            self._write()

    def finish(self) -> None:
        """Put the files in place.

        Raises:
            OSError: they cannot be written.
        """
        if self._held["slots"]:
            self._write()
        for name, file in self._files.items():
            file.finish({"twinhop": json.dumps(constants(self._run))} if name == "world" else None)

    def _write(self) -> None:
        for name, held in self._held.items():
            self._files[name].write(self._frame(held))
        self.slots_written += len(self._held["slots"])
        self._held = {name: [] for name in self._held}
        self._rows = 0

    def _frame(self, held: list[Columns]) -> Any:
        import polars as pl

        frame = {}
        for column in held[0]:
            values = np.concatenate([each[column] for each in held])
            names = self._names.get(column)
            frame[column] = values if names is None else names.gather(values)
        return without_infinities(pl.DataFrame(frame))


def _when(outcome: Outcome, rows: int) -> Columns:
    slot = outcome.situation.slot
    return {"slot": np.full(rows, slot.index, np.uint32), "time_s": np.full(rows, slot.time_s)}


def user_columns(outcome: Outcome) -> Columns:
    """What each served user sees of a slot."""
    situation = outcome.situation
    xy_m = situation.slot.xy_m[situation.users]
    return {
        **_when(outcome, len(outcome.host)),
        "user": situation.users,
        "x_m": xy_m[:, 0],
        "y_m": xy_m[:, 1],
        "access": situation.access,
        "host": outcome.host,
        "latency_s": outcome.latency_s,
        "communication_s": outcome.comm_s,
        "computing_s": outcome.computing_s,
        "mean_age_s": outcome.mean_age_s,
        "peak_age_s": outcome.peak_age_s,
        "utilisation": outcome.utilisation,
        "energy_j": outcome.energy_j,
        "utility": outcome.utility,
        "violation": outcome.violation,
        "moved": outcome.moved,
        "moved_bytes": outcome.moved_bits / BITS_PER_BYTE,
        "pause_s": outcome.pause_s,
    }


def world_columns(outcome: Outcome) -> Columns:
    """From what the cost of a slot can be computed again."""
    situation, host = outcome.situation, outcome.host
    users, hosts, who = situation.all_users, situation.hosts, situation.users
    xy_m, access_m, host_m = situation.slot.xy_m[who], hosts.xy_m[situation.access], hosts.xy_m[host]
    move_wire_s = np.zeros(len(host))
    movers = np.flatnonzero(outcome.moved)
    move_wire_s[movers] = hosts.moves.between(who[movers], situation.before[movers], host[movers])
    return {
        **_when(outcome, len(host)),
        "epoch": np.full(len(host), situation.slot.epoch, np.uint32),
        "user": who,
        "x_m": xy_m[:, 0],
        "y_m": xy_m[:, 1],
        "access": situation.access,
        "access_x_m": access_m[:, 0],
        "access_y_m": access_m[:, 1],
        "rate_bps": situation.slot.rate_bps[who],
        "tx_power_w": users.tx_power_w[who],
        "update_bits": users.update_bits[who],
        "update_cycles": users.update_work[who],
        "twin_bits": users.twin_bits[who],
        "tau_s": users.tau_s[who],
        "unmeetable": unmeetable(outcome),
        "host": host,
        "host_x_m": host_m[:, 0],
        "host_y_m": host_m[:, 1],
        "host_cpu_cycles_per_s": situation.cpu[host],
        "host_opening_s": hosts.opening_s[host],
        "update_wire_s": hosts.updates.between(who, situation.access, host),
        "move_wire_s": move_wire_s,
        "opened": np.full(len(host), np.count_nonzero(outcome.load), np.uint32),
    }


def station_columns(outcome: Outcome) -> Columns:
    """What each host does in a slot."""
    situation, hosts = outcome.situation, outcome.situation.hosts
    users, load = situation.all_users, outcome.load
    work = np.bincount(outcome.host, users.update_work[situation.users], minlength=len(load))
    return {
        **_when(outcome, len(load)),
        "station": np.arange(len(load)),
        "x_m": hosts.xy_m[:, 0],
        "y_m": hosts.xy_m[:, 1],
        "up": situation.up,
        "cpu_cycles_per_s": situation.cpu,
        "capacity": situation.capacity,
        "open": load > 0,
        "users": load.astype(np.uint32),
        "load": work / np.where(situation.cpu > 0, users.sync_period_s * situation.cpu, np.inf),
    }


def slot_columns(outcome: Outcome) -> Columns:
    """A slot in one row: its cost by terms, and what users see on average."""
    latency_s = outcome.latency_s
    return {
        **_when(outcome, 1),
        "users": np.array([len(latency_s)], np.uint32),
        "cost": np.array([outcome.cost.total]),
        **{term: np.array([getattr(outcome.cost, term)]) for term in TERMS},
        "latency_mean_s": np.array([latency_s.mean() if latency_s.size else np.nan]),
        "latency_most_s": np.array([latency_s.max() if latency_s.size else np.nan]),
        "moves_made": np.array([outcome.moved.sum()], np.uint32),
        "violations": np.array([outcome.violation.sum()], np.uint32),
        "opened": np.array([np.count_nonzero(outcome.load)], np.uint32),
        "fallbacks": np.array([outcome.fallbacks], np.uint32),
    }


def constants(run: MigrationRun) -> dict[str, Any]:
    """What holds throughout a run, and is needed besides `world.parquet` to compute its costs."""
    users, hosts, world = run.users, run.hosts, run.world_run.world
    by_distance = world.graph is None and world.hosting_cloud is None
    return {
        "users": len(run.user_ids),
        "slots": run.slots,
        "slot_s": run.slot_s,
        "sync_period_s": users.sync_period_s,
        "alpha": hosts.alpha,
        "is_summed": hosts.is_summed,
        "beta": hosts.beta,
        "kappa_s_per_j": hosts.kappa_s_per_j,
        "wire_s_per_bit_m": world.latency_s_per_bit_m if by_distance else None,
        "move_s": hosts.move_s,
        "move_energy_j_per_bit": hosts.move_energy_j_per_bit,
        "transfer": run.scenario.migration.transfer,
        "cpu_rule": hosts.cpu_rule,
        "has_deadlines": users.has_deadlines,
        "utility_weight": users.utility_weight,
        "utility_scale_s": users.utility_scale_s,
    }
