"""Physics of the network: radio, backhaul, computing, latency, energy and utility as pure functions."""

from twinhop.network.backhaul import fastest_path, routed_latency_s, wired_latency_s
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
from twinhop.network.interference import uplink_interference_w_per_hz
from twinhop.network.latency import (
    communication_latency_s,
    mean_age_s,
    peak_age_s,
    placement_communication_s,
    placement_work_cycles,
    synchronisation_utilisation,
    system_latency_s,
    twin_latency_s,
)
from twinhop.network.line_of_sight import LOS_DECORRELATION_M, line_of_sight, normal_cdf
from twinhop.network.okumura_hata import HATA_ENVIRONMENTS, okumura_hata_pathloss_db
from twinhop.network.path_loss import (
    PATH_LOSS,
    PathLossModel,
    Shadowing,
    power_law_pathloss_db,
    tr36814_macro_pathloss_db,
)
from twinhop.network.paths import Route, path_envelopes, routes_from
from twinhop.network.radio import (
    BANDWIDTH_RULES,
    LOGARITHMS,
    access_by_distance,
    access_by_signal,
    channel_gain,
    rate_bps,
    rayleigh_power,
    user_bandwidth_hz,
    users_per_station,
)
from twinhop.network.spatial_field import (
    FIELD_WAVES,
    correlation_after,
    field_waves,
    next_shadowing_db,
    spatial_field,
)
from twinhop.network.tr38901 import (
    TR38901_CELLS,
    UrbanCell,
    tr38901_los_pathloss_db,
    tr38901_los_probability,
    tr38901_nlos_pathloss_db,
    tr38901_pathloss_db,
)
from twinhop.network.utility import utility

__all__ = [
    "BANDWIDTH_RULES",
    "FIELD_WAVES",
    "HATA_ENVIRONMENTS",
    "LOGARITHMS",
    "LOS_DECORRELATION_M",
    "PATH_LOSS",
    "PathLossModel",
    "SHARE_RULES",
    "Route",
    "Shadowing",
    "TR38901_CELLS",
    "UrbanCell",
    "access_by_distance",
    "access_by_signal",
    "channel_gain",
    "communication_latency_s",
    "computing_latency_s",
    "correlation_after",
    "distance_m",
    "fastest_path",
    "field_waves",
    "line_of_sight",
    "mean_age_s",
    "minimum_share_cycles_per_s",
    "next_shadowing_db",
    "normal_cdf",
    "okumura_hata_pathloss_db",
    "optimal_computing_latency_s",
    "path_envelopes",
    "peak_age_s",
    "placement_communication_s",
    "placement_work_cycles",
    "power_law_pathloss_db",
    "rate_bps",
    "rayleigh_power",
    "routed_latency_s",
    "routes_from",
    "share_weights",
    "spatial_field",
    "synchronisation_utilisation",
    "system_latency_s",
    "tr36814_macro_pathloss_db",
    "tr38901_los_pathloss_db",
    "tr38901_los_probability",
    "tr38901_nlos_pathloss_db",
    "tr38901_pathloss_db",
    "transmit_energy_j",
    "twin_latency_s",
    "uplink_interference_w_per_hz",
    "user_bandwidth_hz",
    "users_per_station",
    "utility",
    "water_fill_shares",
    "wired_latency_s",
]
