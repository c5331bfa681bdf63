"""What the users of a plan get: latencies, utilisation, freshness, energy (Eq. 10 to 12, 19)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinhop import network
from twinhop.formulation import wires
from twinhop.network.utility import LITERAL_UTILITY_SCALE_S, UTILITY_SCALE_S
from twinhop.plans.result import Plan
from twinhop.scenario import World
from twinhop.scenario.schema.readings import ROW_INTERACTION, ROW_UTILITY_SCALE, ROW_WIRED_HOP

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ServiceLevels:
    """Per user, each (N,); of rows that stand for many, each of one of their users.

    Attributes:
        placement_latency_s: communication plus computing latency that the cost counts [s].
        construction_s: T_ini, Eq. 10 [s], None for a problem file.
        update_s: T_upd, Eq. 11 [s], None where updates are not described.
        utilisation: T_syn, Eq. 12; above 1 the twin cannot keep up; None for a problem file.
        mean_age_s: dt/2 + T_upd [s], None for a problem file.
        peak_age_s: dt + T_upd [s], None for a problem file.
        energy_j: E, Eq. 19, to send the history [J], None for a problem file.
        utility: U, Eq. 20, None without deadlines and for a problem file.
    """

    placement_latency_s: FloatArray
    construction_s: FloatArray | None = None
    update_s: FloatArray | None = None
    utilisation: FloatArray | None = None
    mean_age_s: FloatArray | None = None
    peak_age_s: FloatArray | None = None
    energy_j: FloatArray | None = None
    utility: FloatArray | None = None


def service_levels(plan: Plan) -> ServiceLevels:
    """Latencies, utilisation and freshness of every user of a plan."""
    problem, placement = plan.case.problem, plan.solution.placement
    share = plan.solution.evaluation.share
    users = np.arange(problem.users)
    total = problem.latency_comm_s[users, placement.host] + network.computing_latency_s(problem.root_work**2, share)
    if problem.weight is not None:  # of one of the users that a row stands for
        total, share = total / problem.part_of_mean, share / problem.weight
    world, radio = plan.case.world, plan.case.radio
    if world is None or radio is None:
        return ServiceLevels(total, update_s=plan.solution.evaluation.update_latency_s)
    wired = wires(world, radio.access)
    hops = 2 if world.readings.is_literal(ROW_WIRED_HOP) else 1
    construction, update = (
        network.communication_latency_s(bits, radio.access_rate_bps, wired(bits)[users, placement.host], n_hops)
        + network.computing_latency_s(cycles * bits, share)
        for bits, cycles, n_hops in (
            (world.history_bits, world.construction_cycles_per_bit, hops),
            (world.update_bits, world.update_cycles_per_bit, 1),
        )
    )
    energy_j = network.transmit_energy_j(world.tx_power_w, world.history_bits, radio.access_rate_bps)
    return ServiceLevels(
        total,
        construction,
        update,
        network.synchronisation_utilisation(update, world.sync_period_s),
        network.mean_age_s(update, world.sync_period_s),
        network.peak_age_s(update, world.sync_period_s),
        energy_j,
        _utility(world, energy_j, construction if world.readings.is_literal(ROW_INTERACTION) else update),
    )


def _utility(world: World, energy_j: FloatArray, interaction_s: FloatArray) -> FloatArray | None:
    """Eq. 20 of every user, with the interaction latency that its deadline is about (reading row 7)."""
    if world.deadline_s is None:
        return None
    scale_s = LITERAL_UTILITY_SCALE_S if world.readings.is_literal(ROW_UTILITY_SCALE) else UTILITY_SCALE_S
    return network.utility(world.deadline_s, interaction_s, energy_j, scale_s=scale_s)
