"""What agents see of a state: the graph of users and stations, and the flat vectors of Eq. 22."""

from __future__ import annotations

import jax.numpy as jnp

from twinhop.env.core.pricing import links, work_cycles
from twinhop.env.core.types import Observation, Rules, State


def observe(rules: Rules, state: State) -> Observation:
    """The state as a bipartite graph, in SI units."""
    topology, slot = state.topology, state.slot
    return Observation(
        history_bits=topology.history_bits,
        update_bits=topology.update_bits,
        root_work=jnp.sqrt(work_cycles(rules, topology)),
        tau_s=topology.tau_s,
        active=slot.active,
        access=slot.access,
        host=state.host,
        cpu_cycles_per_s=slot.cpu_cycles_per_s,
        capacity=topology.capacity,
        opening_s=topology.opening_s,
        load=state.load,
        distance_m=slot.distance_m,
        rate_bps=slot.rate_bps,
        comm_s=links(rules, topology, slot).comm_s,
        admissible=topology.capacity > 0,
        slot_index=state.slot_index,
    )
