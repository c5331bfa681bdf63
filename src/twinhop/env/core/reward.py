"""The reward of a slot, Eq. 24 to 26, by station: their sum is the shared one."""

from __future__ import annotations

import jax.numpy as jnp
from jax import Array

from twinhop.env.core.links import membership
from twinhop.env.core.pricing import Priced
from twinhop.env.core.types import Rules, Topology


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
