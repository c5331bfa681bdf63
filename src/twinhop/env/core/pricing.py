"""What a slot costs once every twin has its station: P1 and P2 in one, by the formulas of `twinhop.network`."""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from twinhop import network
from twinhop.env.core.links import at_host, membership
from twinhop.env.core.shares import floored_shares, least_shares, proportional_shares
from twinhop.env.core.types import Rules, Slot, Topology
from twinhop.env.core.wires import between_s, onward_s
from twinhop.placement.evaluation import DEADLINE_TOLERANCE

ROUNDING_STEPS = 64
"""A deadline is missed only by more than so many units in the last place: what rounding makes of a share that just
suffices."""


class LinkCosts(NamedTuple):
    """What it costs to reach a twin."""

    comm_s: Array
    """(M, N) communication latency of the task [s]"""
    update_s: Array
    """(M, N) that of an update [s]; the same in migration"""


class Priced(NamedTuple):
    """The cost of a decision, by user and by station."""

    comm_s: Array
    """(N,) communication latency; 0 for absent users [s]"""
    computing_s: Array
    """(N,) computing latency [s]"""
    move_s: Array
    """(N,) what moves cost [s]"""
    energy_j: Array
    """(N,) of sending, and of moves [J]"""
    moved: Array
    """(N,) bool"""
    late: Array
    """(N,) bool, whose update comes later than its deadline; nobody where deadlines are not enforced"""
    load: Array
    """(M,) int32, twins of the users present"""
    user_weight: Array
    """() weight of one user's latency in the cost"""
    energy_weight: Array
    """() weight of one user's energy in the cost [s/J]"""


def link_costs(rules: Rules, topology: Topology, slot: Slot) -> LinkCosts:
    """Communication latencies from every user to every station.

    Formula: P2 counts an update, ``comm(dD)``; P1 ``comm(D) + eta / dt comm(dD)``.

    Args:
        rules: the task and its constants.
        topology: sizes and wires.
        slot: access stations and rates.
    """
    wired_s = onward_s(topology, slot.access)
    rate_bps = jnp.where(slot.access_rate_bps > 0, slot.access_rate_bps, 1.0)[None, :]
    update = topology.update_bits[None, :]
    update_s = network.communication_latency_s(update, rate_bps, wired_s(update))
    if rules.task == "migration":
        return LinkCosts(update_s, update_s)
    cost, history = rules.cost, topology.history_bits[None, :]
    history_s = network.communication_latency_s(history, rate_bps, wired_s(history), cost.construction_hops)
    comm_s = network.placement_communication_s(history_s, update_s, cost.eta_s, cost.sync_period_s)
    return LinkCosts(comm_s, update_s)


def seats(topology: Topology, slot: Slot) -> Array:
    """(M,) int32, twins that fit now: none on stations that are down."""
    if slot.up is None:
        return topology.capacity
    clouds = topology.capacity.shape[0] - slot.up.shape[0]
    return jnp.where(jnp.pad(slot.up, (0, clouds), constant_values=True), topology.capacity, 0)


def is_served(topology: Topology, slot: Slot) -> Array:
    """(N,) bool: who is present, has an access station, and may have its twin anywhere at all."""
    served = slot.active & (slot.access >= 0)
    return served if slot.up is None else served & (seats(topology, slot) > 0).any()


def work_cycles(rules: Rules, topology: Topology) -> Array:
    """(N,) work of a twin in the task: of an update, or of construction and updates [cycle]."""
    cost = rules.cost
    if rules.task == "migration":
        return cost.update_cycles_per_bit * topology.update_bits
    return network.placement_work_cycles(
        topology.history_bits,
        topology.update_bits,
        cost.construction_cycles_per_bit,
        cost.update_cycles_per_bit,
        cost.eta_s,
        cost.sync_period_s,
    )


def price(rules: Rules, topology: Topology, slot: Slot, costs: LinkCosts, before: Array, host: Array) -> Priced:
    """Price a decision.

    Args:
        rules: the task and its constants.
        topology: sizes and wires.
        slot: rates, CPUs and who is present.
        costs: communication latencies of the slot.
        before: (N,) int32, where twins were; -1: nowhere yet.
        host: (N,) int32, where they are.

    Returns:
        The terms. Users that are not served cost nothing; their twins rest.
    """
    served = is_served(topology, slot)
    member = membership(host, rules.stations) & served
    comm_s = at_host(member, costs.comm_s)
    share, late = _shares(rules, topology, slot, costs, member)
    computing_s = jnp.where(served, network.computing_latency_s(work_cycles(rules, topology), share), 0.0)
    sent_bits = topology.update_bits if rules.task == "migration" else topology.history_bits
    rate_bps = jnp.where(served, slot.access_rate_bps, jnp.inf)
    energy_j = network.transmit_energy_j(topology.tx_power_w, sent_bits, rate_bps)
    moved, move_s = _moves(rules, topology, served, before, host)
    energy_j += rules.cost.move_energy_j_per_bit * jnp.where(moved, topology.history_bits, 0.0)
    count = jnp.maximum(served.sum(), 1).astype(comm_s.dtype)
    return Priced(
        comm_s=comm_s,
        computing_s=computing_s,
        move_s=move_s,
        energy_j=energy_j,
        moved=moved,
        late=late & served,
        load=jnp.sum(member, axis=1, dtype=jnp.int32),
        user_weight=rules.cost.alpha / (jnp.full_like(count, rules.users) if rules.cost.is_summed else count),
        energy_weight=rules.cost.beta * rules.cost.kappa_s_per_j / count,
    )


def _shares(rules: Rules, topology: Topology, slot: Slot, costs: LinkCosts, member: Array) -> tuple[Array, Array]:
    """(N,) CPU shares [cycle/s], and whose update is late."""
    weight = network.share_weights(work_cycles(rules, topology), rules.cost.cpu_rule)
    cpu = slot.cpu_cycles_per_s
    if not rules.cost.has_deadlines:
        return proportional_shares(member, weight, cpu), jnp.zeros(weight.shape, bool)
    work = rules.cost.update_cycles_per_bit * topology.update_bits
    floor = least_shares(member, work, topology.tau_s, costs.update_s, cpu, seats(topology, slot))
    share = floored_shares(member, weight, floor, cpu)
    latency_s = network.twin_latency_s(at_host(member, costs.update_s), network.computing_latency_s(work, share))
    tolerance = max(DEADLINE_TOLERANCE, ROUNDING_STEPS * float(jnp.finfo(latency_s.dtype).eps))
    return share, latency_s > topology.tau_s * (1.0 + tolerance)


def _moves(rules: Rules, topology: Topology, served: Array, before: Array, host: Array) -> tuple[Array, Array]:
    """(N,) who moves, and what each move costs [s]."""
    if rules.task == "placement":
        return jnp.zeros(host.shape, bool), jnp.zeros_like(topology.history_bits)
    moved = served & (before >= 0) & (host != before)
    way_s = between_s(topology, jnp.maximum(before, 0), jnp.maximum(host, 0), topology.history_bits)
    return moved, jnp.where(moved, rules.cost.move_s + way_s, 0.0)


def station_rewards(rules: Rules, topology: Topology, priced: Priced, host: Array) -> Array:
    """What each agent answers for: its twins' latencies, moves and energies, and its own opening.

    Formula: ``R_k = -(alpha/N) sum_{i on k} (comm_i + computing_i + move_i) - beta (opening_k y_k + kappa / N sum_{i
    on k} E_i) - (late_s/N) |late users on k|``; summed over k it is minus the cost of the slot, and minus `late_s`
    times the share of late users. The *literal* reading prices no lateness, and the opening of as many servers as
    there are twins (rows 15 and 16): ``beta opening`` for each twin on k, with the mean opening cost of a server.

    Args:
        rules: weights and reading.
        topology: opening costs.
        priced: what the decision costs.
        host: (N,) int32, where the twins are.

    Returns:
        (M,) rewards [s].

    Source:
        Lu et al., Eq. 24, 25 and 26; minus the cost is our sign and unit of it.
    """
    cost = rules.cost
    latency_s = priced.comm_s + priced.computing_s + priced.move_s
    own_cost = priced.user_weight * latency_s + priced.energy_weight * priced.energy_j
    if cost.reading == "sound" and cost.has_deadlines:
        count = jnp.maximum(priced.load.sum(), 1)
        own_cost = own_cost + cost.late_s * priced.late / count
    member = membership(host, rules.stations)
    return -jnp.sum(jnp.where(member, own_cost, 0.0), axis=1) - cost.beta * _opening_s(rules, topology, priced)


def _opening_s(rules: Rules, topology: Topology, priced: Priced) -> Array:
    """(M,) what each station's opening counts [s]."""
    if rules.cost.reading == "sound":
        return jnp.where(priced.load > 0, topology.opening_s, 0.0)
    hosts = topology.capacity > 0
    mean_s = jnp.sum(jnp.where(hosts, topology.opening_s, 0.0)) / jnp.maximum(hosts.sum(), 1)
    return priced.load * mean_s
