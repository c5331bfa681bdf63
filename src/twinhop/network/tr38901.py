"""Path loss and line-of-sight probability of the urban cells of 3GPP TR 38.901: UMa and UMi-street canyon."""

import math
from dataclasses import dataclass

from twinhop.network.arguments import require_choice
from twinhop.units import HZ_PER_GHZ
from twinhop.units.arrays import Array, namespace_of

LIGHT_SPEED_M_PER_S = 3.0e8  # propagation velocity in free space, Table 7.4.1-1, note 1
ENVIRONMENT_HEIGHT_M = 1.0  # h_E, Table 7.4.1-1, note 1: UMi always, UMa for users up to 13 m
TR38901_MIN_DISTANCE_M = 10.0  # Table 7.4.1-1 holds from here on
TR38901_USER_HEIGHT_M = 1.5  # h_UT at which the correction of NLOS vanishes, Table 7.4.1-1


@dataclass(frozen=True)
class UrbanCell:
    """Coefficients of one cell type in Tables 7.4.1-1 and 7.4.2-1 of TR 38.901.

    Attributes:
        station_height_m: h_BS [m].
        los_at_1_m_db: LOS loss at 1 m and 1 GHz [dB].
        los_near: dB a decade of distance before the breakpoint [dB].
        los_break: weight of the breakpoint distance beyond it [dB].
        nlos_at_1_m_db: NLOS loss at 1 m and 1 GHz [dB].
        nlos_per_decade: dB a decade of distance [dB].
        nlos_per_decade_hz: dB a decade of frequency [dB].
        nlos_per_m: dB gained a metre of user height above 1.5 m [dB/m].
        los_always_m: distance up to which the line of sight is certain [m].
        los_scale_m: distance over which the probability decays by e [m].
    """

    station_height_m: float
    los_at_1_m_db: float
    los_near: float
    los_break: float
    nlos_at_1_m_db: float
    nlos_per_decade: float
    nlos_per_decade_hz: float
    nlos_per_m: float
    los_always_m: float
    los_scale_m: float


TR38901_CELLS = {
    "uma": UrbanCell(25.0, 28.0, 22.0, 9.0, 13.54, 39.08, 20.0, 0.6, 18.0, 63.0),
    "umi": UrbanCell(10.0, 32.4, 21.0, 9.5, 22.4, 35.3, 21.3, 0.3, 18.0, 36.0),
}
"""Cell types by name: urban macro, and urban micro in a street canyon."""
LOS_PER_DECADE_HZ = 20.0  # dB a decade of frequency with line of sight, both cell types
LOS_FAR = 40.0  # dB a decade of distance beyond the breakpoint, both cell types


def tr38901_breakpoint_m(
    cell: str,
    carrier_hz: float,
    station_height_m: float | None = None,
    user_height_m: float = TR38901_USER_HEIGHT_M,
) -> float:
    """Return the breakpoint distance, beyond which the ground reflection makes the loss grow faster.

    Formula: ``d'_BP = 4 (h_BS - h_E) (h_UT - h_E) f / c`` with ``h_E = 1 m`` and ``c = 3.0e8 m/s``.

    Args:
        cell: "uma" or "umi".
        carrier_hz: scalar carrier frequency [Hz].
        station_height_m: scalar h_BS, above 1 m; None is the cell's: 25 m or 10 m [m].
        user_height_m: scalar h_UT, above 1 m; for "uma" at most 13 m [m].

    Returns:
        The 2-D distance [m].

    Raises:
        ValueError: the cell is unknown.

    Source:
        3GPP TR 38.901, Table 7.4.1-1, note 1.

    Example:
        >>> tr38901_breakpoint_m("uma", 5e9)
        800.0
    """
    height_m = _station_height_m(cell, station_height_m)
    effective_m2 = (height_m - ENVIRONMENT_HEIGHT_M) * (user_height_m - ENVIRONMENT_HEIGHT_M)
    return 4.0 * effective_m2 * carrier_hz / LIGHT_SPEED_M_PER_S


def tr38901_los_pathloss_db(
    distance_m: Array,
    cell: str,
    carrier_hz: float,
    station_height_m: float | None = None,
    user_height_m: float = TR38901_USER_HEIGHT_M,
    min_distance_m: float = TR38901_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of an urban cell with line of sight.

    Formula, with f in GHz and ``d_3D = sqrt(d^2 + (h_BS - h_UT)^2)``: up to the breakpoint
    ``PL1 = a + b log10(d_3D) + 20 log10(f)``, beyond it
    ``PL2 = a + 40 log10(d_3D) + 20 log10(f) - g log10(d'_BP^2 + (h_BS - h_UT)^2)``; UMa: a = 28, b = 22, g = 9; UMi:
    a = 32.4, b = 21, g = 9.5.

    Args:
        distance_m: any shape, 2-D distances, at least 0; valid to 5 km [m].
        cell: "uma" or "umi".
        carrier_hz: scalar carrier frequency, valid from 0.5 to 100 GHz [Hz].
        station_height_m: scalar h_BS; None is the cell's: 25 m or 10 m [m].
        user_height_m: scalar h_UT, valid from 1.5 m [m].
        min_distance_m: 2-D distances below it count as it [m].

    Returns:
        The loss, same shape [dB].

    Raises:
        ValueError: the cell is unknown.

    Source:
        3GPP TR 38.901, Table 7.4.1-1.

    Example:
        >>> round(float(tr38901_los_pathloss_db(100.0, "uma", 5e9)), 4)
        86.2362
    """
    table = _table(cell)
    xp = namespace_of(distance_m)
    drop_m = _station_height_m(cell, station_height_m) - user_height_m
    log_distance = _log10_distance_3d(distance_m, drop_m, min_distance_m)
    break_m = tr38901_breakpoint_m(cell, carrier_hz, station_height_m, user_height_m)
    at_1_m_db = table.los_at_1_m_db + LOS_PER_DECADE_HZ * math.log10(carrier_hz / HZ_PER_GHZ)
    near_db = at_1_m_db + table.los_near * log_distance
    far_db = at_1_m_db + LOS_FAR * log_distance - table.los_break * math.log10(break_m * break_m + drop_m * drop_m)
    return xp.where(xp.maximum(xp.asarray(distance_m), min_distance_m) <= break_m, near_db, far_db)


def tr38901_nlos_pathloss_db(
    distance_m: Array,
    cell: str,
    carrier_hz: float,
    station_height_m: float | None = None,
    user_height_m: float = TR38901_USER_HEIGHT_M,
    min_distance_m: float = TR38901_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of an urban cell without line of sight; never below the loss with it.

    Formula, with f in GHz: ``max(PL_LOS, a + b log10(d_3D) + g log10(f) - h (h_UT - 1.5))``; UMa: a = 13.54, b = 39.08,
    g = 20, h = 0.6; UMi: a = 22.4, b = 35.3, g = 21.3, h = 0.3.

    Args:
        distance_m: any shape, 2-D distances, at least 0; valid to 5 km [m].
        cell: "uma" or "umi".
        carrier_hz: scalar carrier frequency, valid from 0.5 to 100 GHz [Hz].
        station_height_m: scalar h_BS; None is the cell's: 25 m or 10 m [m].
        user_height_m: scalar h_UT, valid from 1.5 m [m].
        min_distance_m: 2-D distances below it count as it [m].

    Returns:
        The loss, same shape [dB].

    Raises:
        ValueError: the cell is unknown.

    Source:
        3GPP TR 38.901, Table 7.4.1-1.

    Example:
        >>> round(float(tr38901_nlos_pathloss_db(100.0, "umi", 5e9)), 4)
        107.9432
    """
    los_db = tr38901_los_pathloss_db(distance_m, cell, carrier_hz, station_height_m, user_height_m, min_distance_m)
    blocked_db = _blocked_db(distance_m, cell, carrier_hz, station_height_m, user_height_m, min_distance_m)
    return namespace_of(distance_m).maximum(los_db, blocked_db)


def _blocked_db(
    distance_m: Array,
    cell: str,
    carrier_hz: float,
    station_height_m: float | None,
    user_height_m: float,
    min_distance_m: float,
) -> Array:
    """Return PL'_NLOS of Table 7.4.1-1, before the loss with line of sight bounds it from below [dB]."""
    table = _table(cell)
    drop_m = _station_height_m(cell, station_height_m) - user_height_m
    log_distance = _log10_distance_3d(distance_m, drop_m, min_distance_m)
    at_1_m_db = table.nlos_at_1_m_db + table.nlos_per_decade_hz * math.log10(carrier_hz / HZ_PER_GHZ)
    raised_db = table.nlos_per_m * (user_height_m - TR38901_USER_HEIGHT_M)
    return at_1_m_db + table.nlos_per_decade * log_distance - raised_db


def _log10_distance_3d(distance_m: Array, drop_m: float, min_distance_m: float) -> Array:
    xp = namespace_of(distance_m)
    flat_m = xp.maximum(xp.asarray(distance_m), min_distance_m)
    return 0.5 * xp.log10(flat_m * flat_m + drop_m * drop_m)


def tr38901_pathloss_db(
    distance_m: Array,
    line_of_sight: Array,
    cell: str,
    carrier_hz: float,
    station_height_m: float | None = None,
    user_height_m: float = TR38901_USER_HEIGHT_M,
    min_distance_m: float = TR38901_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of an urban cell where some links have line of sight.

    Formula: ``PL_LOS`` where `line_of_sight`, else ``PL_NLOS``.

    Args:
        distance_m: any shape, 2-D distances, at least 0; valid to 5 km [m].
        line_of_sight: broadcastable to it, bool; see `line_of_sight`.
        cell: "uma" or "umi".
        carrier_hz: scalar carrier frequency, valid from 0.5 to 100 GHz [Hz].
        station_height_m: scalar h_BS; None is the cell's: 25 m or 10 m [m].
        user_height_m: scalar h_UT, valid from 1.5 m [m].
        min_distance_m: 2-D distances below it count as it [m].

    Returns:
        The loss, the broadcast shape [dB].

    Raises:
        ValueError: the cell is unknown.

    Source:
        3GPP TR 38.901, clause 7.4.1.

    Example:
        >>> import numpy as np
        >>> tr38901_pathloss_db(100.0, np.array([True, False]), "uma", 5e9).round(4).tolist()
        [86.2362, 106.1356]
    """
    link = (cell, carrier_hz, station_height_m, user_height_m, min_distance_m)
    los_db, blocked_db = tr38901_los_pathloss_db(distance_m, *link), _blocked_db(distance_m, *link)
    xp = namespace_of(distance_m, line_of_sight)
    return xp.where(line_of_sight, los_db, xp.maximum(los_db, blocked_db))


def tr38901_los_probability(distance_m: Array, cell: str) -> Array:
    """Return the probability of line of sight between a user outdoors, at most 13 m high, and a station.

    Formula: 1 up to 18 m, beyond ``18/d + exp(-d/s) (1 - 18/d)``; UMa: s = 63 m; UMi: s = 36 m.

    Args:
        distance_m: any shape, 2-D distances, at least 0 [m].
        cell: "uma" or "umi".

    Returns:
        The probability, same shape [1].

    Raises:
        ValueError: the cell is unknown.

    Source:
        3GPP TR 38.901, Table 7.4.2-1, with C'(h_UT) = 0.

    Example:
        >>> round(float(tr38901_los_probability(100.0, "uma")), 6)
        0.347671
    """
    table = _table(cell)
    xp = namespace_of(distance_m)
    far_m = xp.maximum(xp.asarray(distance_m), table.los_always_m)
    certain = table.los_always_m / far_m
    return certain + xp.exp(-far_m / table.los_scale_m) * (1.0 - certain)


def _table(cell: str) -> UrbanCell:
    require_choice("cell type of TR 38.901", cell, TR38901_CELLS)
    return TR38901_CELLS[cell]


def _station_height_m(cell: str, station_height_m: float | None) -> float:
    return _table(cell).station_height_m if station_height_m is None else station_height_m
