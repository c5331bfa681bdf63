"""Costs of a run from its world.parquet alone, in plain loops that share no code with the package."""

import json
import math
from collections import defaultdict

import polars as pl


def read(folder):
    """The rows of world.parquet by slot, and the constants kept in it."""
    path = folder / "world.parquet"
    constants = json.loads(pl.read_parquet_metadata(path)["twinhop"])
    slots = defaultdict(list)
    for row in pl.read_parquet(path).iter_rows(named=True):
        slots[row["slot"]].append(row)
    return slots, constants


def wires(row, bits, origin, target, constants, column):
    """The latency of data between two places: by distance, or as it is stated where a graph or a cloud is used."""
    if constants["wire_s_per_bit_m"] is None:
        return row[column]
    away = math.hypot(row[f"{origin}_x_m"] - row[f"{target}_x_m"], row[f"{origin}_y_m"] - row[f"{target}_y_m"])
    return constants["wire_s_per_bit_m"] * bits * away


def weight_of(row, rule):
    return {"optimal": math.sqrt(row["update_cycles"]), "equal": 1.0, "proportional": row["update_cycles"]}[rule]


def shares(members, cpu, constants):
    """CPU shares on one host: by weight, but never below what the deadline needs, where all needs fit."""
    need = []
    for row, comm in members:
        left = row["tau_s"] - comm
        kept = constants["has_deadlines"] and not row["unmeetable"]
        need.append((row["update_cycles"] / left if left > 0 else math.inf) if kept else 0.0)
    if sum(need) > cpu * (1 + 1e-9):
        need = [0.0] * len(need)
    share, free = [None] * len(members), cpu
    while True:
        total = sum(
            weight_of(row, constants["cpu_rule"]) for (row, _), own in zip(members, share, strict=True) if own is None
        )
        below = [
            at
            for at, (row, _) in enumerate(members)
            if share[at] is None and need[at] > free * weight_of(row, constants["cpu_rule"]) / total
        ]
        if not below:
            return [
                free * weight_of(row, constants["cpu_rule"]) / total if own is None else own
                for (row, _), own in zip(members, share, strict=True)
            ]
        for at in below:
            share[at] = need[at]
        free = cpu - sum(own for own in share if own is not None)


def recompute(folder):
    """The mean cost by terms, and what each user sees: {(slot, user): (latency, energy, moved)}."""
    slots, constants = read(folder)
    terms = dict.fromkeys(("communication", "computing", "moves", "opening", "energy"), 0.0)
    last, seen = {}, {}
    for slot in sorted(slots):
        rows = slots[slot]
        weight = constants["alpha"] / (constants["users"] if constants["is_summed"] else len(rows))
        on_host, energy = defaultdict(list), 0.0
        for row in rows:
            comm = row["update_bits"] / row["rate_bps"] + wires(
                row, row["update_bits"], "access", "host", constants, "update_wire_s"
            )
            on_host[row["host"]].append((row, comm))
            terms["communication"] += weight * comm
            before = last.get(row["user"])
            own_energy, moved = row["tx_power_w"] * row["update_bits"] / row["rate_bps"], False
            if before is not None and before["epoch"] == row["epoch"] and before["host"] != row["host"]:
                moved = True
                own_energy += constants["move_energy_j_per_bit"] * row["twin_bits"]
                way = {**row, "old_x_m": before["host_x_m"], "old_y_m": before["host_y_m"]}
                hop = wires(way, row["twin_bits"], "old", "host", constants, "move_wire_s")
                terms["moves"] += weight * (constants["move_s"] + hop)
            energy += own_energy
            last[row["user"]] = row
            seen[slot, row["user"]] = [comm, own_energy, moved]
        for members in on_host.values():
            first = members[0][0]
            terms["opening"] += constants["beta"] * first["host_opening_s"]
            for (row, _), share in zip(
                members, shares(members, first["host_cpu_cycles_per_s"], constants), strict=True
            ):
                computing = row["update_cycles"] / share
                terms["computing"] += weight * computing
                seen[slot, row["user"]][0] += computing
        assert {row["opened"] for row in rows} == {len(on_host)}
        terms["energy"] += constants["beta"] * constants["kappa_s_per_j"] * energy / len(rows)
    return {term: value / constants["slots"] for term, value in terms.items()}, seen, constants
