"""The path loss models by their names in scenario files: formula, parameters and where each holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from twinhop.network.okumura_hata import HATA_ENVIRONMENTS, okumura_hata_pathloss_db
from twinhop.network.tr38901 import (
    ENVIRONMENT_HEIGHT_M,
    TR38901_CELLS,
    TR38901_USER_HEIGHT_M,
    tr38901_los_probability,
    tr38901_pathloss_db,
)
from twinhop.units import M_PER_KM
from twinhop.units.arrays import Array, namespace_of

Parameter = float | str


@dataclass(frozen=True)
class Shadowing:
    """Log-normal shadowing of one state of a link.

    Attributes:
        sigma_db: standard deviation [dB].
        decorrelation_m: distance over which the correlation falls to 1/e [m].
    """

    sigma_db: float
    decorrelation_m: float


@dataclass(frozen=True)
class PathLossModel:
    """A path loss model.

    Attributes:
        loss_db: from distances [m], the line of sight where the model tells it apart, `min_distance_m` and the
            parameters, as keywords, to the loss [dB].
        defaults: every parameter the model takes, and its value where a scenario gives none, in SI units.
        ranges: smallest and largest value for which the model was made, of parameters and of `distance_m`, in SI units.
        above: what a parameter must exceed for the formula to mean anything, even extrapolated, in SI units.
        los_probability: from distances [m] to the probability of line of sight; None where the model knows one state.
        shadowing: of links with line of sight and without, or of every link; empty where the model states none.
    """

    loss_db: Callable[..., Array]
    defaults: Mapping[str, Parameter] = field(default_factory=dict)
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    above: Mapping[str, float] = field(default_factory=dict)
    los_probability: Callable[[Array], Array] | None = None
    shadowing: tuple[Shadowing, ...] = ()

    @property
    def states(self) -> int:
        """2 where the model tells links with line of sight from those without, else 1."""
        return 1 if self.los_probability is None else 2

    def outside(self, parameters: Mapping[str, Parameter]) -> dict[str, tuple[float, float]]:
        """The parameters that lie outside the model's ranges, with those ranges.

        Example:
            >>> PATH_LOSS["okumura_hata"].outside({"carrier_hz": 3.5e9, "user_height_m": 1.5})
            {'carrier_hz': (150000000.0, 1500000000.0)}
        """
        given = {name: value for name, value in parameters.items() if name in self.ranges}
        return {
            name: self.ranges[name]
            for name, value in given.items()
            if not isinstance(value, str) and not self.ranges[name][0] <= value <= self.ranges[name][1]
        }


def _tr38901(cell: str, highest_user_m: float, *shadowing: Shadowing) -> PathLossModel:
    height_m = TR38901_CELLS[cell].station_height_m
    return PathLossModel(
        loss_db=partial(tr38901_pathloss_db, cell=cell),
        defaults={"carrier_hz": 3.5e9, "station_height_m": height_m, "user_height_m": TR38901_USER_HEIGHT_M},
        ranges={
            "carrier_hz": (0.5e9, 100e9),  # clause 7.1 and Table 7.4.1-1, note 4
            "station_height_m": (height_m, height_m),  # Table 7.4.1-1
            "user_height_m": (1.5, highest_user_m),  # Table 7.4.1-1 and, for UMa, C'(h_UT) = 0 of Table 7.4.2-1
            "distance_m": (10.0, 5000.0),  # Table 7.4.1-1
        },
        above={"station_height_m": ENVIRONMENT_HEIGHT_M, "user_height_m": ENVIRONMENT_HEIGHT_M},
        los_probability=partial(tr38901_los_probability, cell=cell),
        shadowing=shadowing,
    )


POWER_LAW_MIN_DISTANCE_M = 1.0  # the reference distance: nearer, the law would turn into a gain


def power_law_pathloss_db(
    distance_m: Array,
    path_loss_exponent: float = 4.0,
    reference_loss_db: float = 0.0,
    min_distance_m: float = POWER_LAW_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of a gain of ``d^-alpha``.

    Formula: ``L = L_1 + 10 alpha log10(d / 1 m)``.

    Args:
        distance_m: any shape, at least 0 [m].
        path_loss_exponent: scalar alpha: 2 in free space, about 4 over flat ground [1].
        reference_loss_db: scalar L_1, the loss at 1 m; 0 gives exactly ``d^-alpha`` [dB].
        min_distance_m: distances below it count as it [m].

    Returns:
        The loss, same shape [dB].

    Source:
        Log-distance model; Rappaport, Wireless Communications, 2nd edition, section 4.9.1.

    Example:
        >>> float(power_law_pathloss_db(100.0, path_loss_exponent=3.5, reference_loss_db=30.0))
        100.0
    """
    xp = namespace_of(distance_m)
    return reference_loss_db + 10.0 * path_loss_exponent * xp.log10(xp.maximum(xp.asarray(distance_m), min_distance_m))


TR36814_MACRO_AT_1_KM_DB = 128.1  # 3GPP TR 36.814, A.2.1.1, macro cell at 2 GHz
TR36814_MACRO_PER_DECADE_DB = 37.6  # same place
TR36814_MACRO_MIN_DISTANCE_M = 10.0  # below it the far-field formula would turn into a gain


def tr36814_macro_pathloss_db(distance_m: Array, min_distance_m: float = TR36814_MACRO_MIN_DISTANCE_M) -> Array:
    """Return the macro-cell path loss of TR 36.814.

    Formula: ``L = 128.1 + 37.6 log10(max(d, d_min) / 1 km)``.

    Args:
        distance_m: any shape, at least 0 [m].
        min_distance_m: distances below it count as it [m].

    Returns:
        The loss, same shape [dB].

    Source:
        3GPP TR 36.814, A.2.1.1, macro cell at 2 GHz; the channel of Lu et al., section VI.

    Example:
        >>> float(tr36814_macro_pathloss_db(100.0))
        90.5
    """
    xp = namespace_of(distance_m)
    distance_km = xp.maximum(xp.asarray(distance_m), min_distance_m) / M_PER_KM
    return TR36814_MACRO_AT_1_KM_DB + TR36814_MACRO_PER_DECADE_DB * xp.log10(distance_km)


PATH_LOSS: dict[str, PathLossModel] = {
    "tr36814_macro": PathLossModel(
        loss_db=tr36814_macro_pathloss_db,
        shadowing=(Shadowing(8.0, 50.0),),  # 3GPP TR 36.814, Table A.2.1.1-1
    ),
    "tr38901_uma": _tr38901("uma", 13.0, Shadowing(4.0, 37.0), Shadowing(6.0, 50.0)),  # Tables 7.4.1-1 and 7.5-6
    "tr38901_umi": _tr38901("umi", 22.5, Shadowing(4.0, 10.0), Shadowing(7.82, 13.0)),  # Tables 7.4.1-1 and 7.5-6
    "okumura_hata": PathLossModel(
        loss_db=okumura_hata_pathloss_db,
        defaults={
            "carrier_hz": 900e6,
            "station_height_m": 30.0,
            "user_height_m": 1.5,
            "environment": HATA_ENVIRONMENTS[0],
        },
        ranges={
            "carrier_hz": (150e6, 1500e6),
            "station_height_m": (30.0, 200.0),
            "user_height_m": (1.0, 10.0),
            "distance_m": (1000.0, 20000.0),
        },
    ),
    "power_law": PathLossModel(
        loss_db=power_law_pathloss_db, defaults={"path_loss_exponent": 4.0, "reference_loss_db": 0.0}
    ),
}
"""Path loss models by scenario name."""
