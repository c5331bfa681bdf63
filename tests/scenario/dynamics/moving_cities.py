"""Small cities that move, and positions that a test writes down."""

from dataclasses import dataclass

import numpy as np

from twinhop.scenario import parse_scenario

CITY = """
schema_version: 1
name: town
seed: {seed}
area: {{width_m: {width}, height_m: 900}}
radio: {{{radio}}}
stations: {{{stations}}}
users: {{generate: {{count: {users}}}}}
{extra}
movement: {{{movement}}}
"""
RADIOS = (
    "path_loss: tr38901_uma, shadowing: correlated, fading: rayleigh",
    "path_loss: tr38901_umi, line_of_sight: never, shadowing: correlated",
    "path_loss: tr38901_umi, line_of_sight: always",
    "shadowing: correlated, interference: full_reuse, bandwidth_rule: equal_share",
    "path_loss: okumura_hata, shadowing: correlated, shadowing_sigma_db: 6, shadowing_decorrelation_m: 40",
    "path_loss: power_law",
    "access: nearest, fading: rayleigh",
    "access: strongest_instant, fading: rayleigh",
)


def city(radio="fading: rayleigh", movement="slots: 5", users=40, stations="generate: {count: 7}", **more):
    values = {"seed": 3, "width": 1200, "extra": "", **more}
    return parse_scenario(
        CITY.format(radio=radio, movement=movement, users=users, stations=stations, **values), "a.yaml"
    )


@dataclass
class Written:
    """Positions slot by slot as an array (T, N, 2)."""

    xy_m: np.ndarray
    slot_s: float = 1.0

    @property
    def user_ids(self):
        return tuple(f"w{index}" for index in range(self.xy_m.shape[1]))

    @property
    def slots(self):
        return len(self.xy_m)

    def __iter__(self):
        return iter(self.xy_m)
