"""Path loss of a macro cell after 3GPP TR 36.814."""

from twinhop.units import M_PER_KM
from twinhop.units.arrays import Array, namespace_of

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
