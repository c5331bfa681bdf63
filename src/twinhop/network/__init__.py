"""Physics of the network: radio, backhaul, computing, latency, energy and utility as pure functions."""

from twinhop.network.backhaul import wired_latency_s
from twinhop.network.compute import (
    SHARE_RULES,
    computing_latency_s,
    minimum_share_cycles_per_s,
    optimal_computing_latency_s,
    share_weights,
    water_fill_shares,
)
from twinhop.network.energy import transmit_energy_j
from twinhop.network.geometry import distance_m
from twinhop.network.latency import (
    communication_latency_s,
    construction_latency_s,
    mean_age_s,
    peak_age_s,
    placement_communication_s,
    placement_work_cycles,
    synchronisation_utilisation,
    system_latency_s,
    update_latency_s,
)
from twinhop.network.radio import (
    BANDWIDTH_RULES,
    LOGARITHMS,
    PATH_LOSS,
    access_by_distance,
    access_by_signal,
    channel_gain,
    rate_bps,
    rayleigh_power,
    tr36814_macro_pathloss_db,
    user_bandwidth_hz,
)
from twinhop.network.utility import utility

__all__ = [
    "BANDWIDTH_RULES",
    "LOGARITHMS",
    "PATH_LOSS",
    "SHARE_RULES",
    "access_by_distance",
    "access_by_signal",
    "channel_gain",
    "communication_latency_s",
    "computing_latency_s",
    "construction_latency_s",
    "distance_m",
    "mean_age_s",
    "minimum_share_cycles_per_s",
    "optimal_computing_latency_s",
    "peak_age_s",
    "placement_communication_s",
    "placement_work_cycles",
    "rate_bps",
    "rayleigh_power",
    "share_weights",
    "synchronisation_utilisation",
    "system_latency_s",
    "tr36814_macro_pathloss_db",
    "transmit_energy_j",
    "update_latency_s",
    "user_bandwidth_hz",
    "utility",
    "water_fill_shares",
    "wired_latency_s",
]
