"""The radio access: path loss, channel gain, fading, bandwidth, rate and access station."""

import math
from collections.abc import Callable

from twinhop.network.choices import require_choice
from twinhop.network.shapes import per_user
from twinhop.units import M_PER_KM, db_to_linear
from twinhop.units.arrays import Array, namespace_of

TR36814_MACRO_AT_1_KM_DB = 128.1  # 3GPP TR 36.814, A.2.1.1, macro cell at 2 GHz
TR36814_MACRO_PER_DECADE_DB = 37.6  # same place
TR36814_MACRO_MIN_DISTANCE_M = 10.0  # below it the far-field formula would turn into a gain
RAYLEIGH_FLOOR = 0.05  # a slot's deepest fade: 13 dB below the mean

BANDWIDTH_RULES = ("full", "equal_share")
LOGARITHMS = ("log2", "ln")


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


PATH_LOSS: dict[str, Callable[..., Array]] = {
    "tr36814_macro": tr36814_macro_pathloss_db,
}
"""Path-loss models by scenario name; each takes the distance [m] and returns the loss [dB]."""


def channel_gain(pathloss_db: Array, fading_power: Array = 1.0, shadowing_db: Array = 0.0) -> Array:
    """Return the power gain of a channel.

    Formula: ``h = 10^(-(pathloss_db + shadowing_db) / 10) fading``.

    Args:
        pathloss_db: any shape [dB].
        fading_power: broadcastable to it, of unit mean [1].
        shadowing_db: broadcastable to it; positive weakens the channel [dB].

    Returns:
        The gain, the broadcast shape [1].

    Source:
        Lu et al., h of Eq. 3.

    Example:
        >>> channel_gain(90.0, fading_power=0.5, shadowing_db=10.0)
        5e-11
    """
    return db_to_linear(-(pathloss_db + shadowing_db)) * fading_power


def rayleigh_power(uniform: Array, floor: float = RAYLEIGH_FLOOR) -> Array:
    """Turn uniform draws into the power of Rayleigh fading, clamped below.

    Formula: ``X = max(-log(1 - u), floor)``, whose mean is ``floor + exp(-floor)``.

    Args:
        uniform: any shape, drawn uniformly from [0, 1) [1].
        floor: the smallest power returned [1].

    Returns:
        The fading power, same shape [1].

    Source:
        Inverse distribution function of the unit-mean exponential.

    Example:
        >>> import numpy as np
        >>> rayleigh_power(np.array([0.0, 0.5])).round(6).tolist()
        [0.05, 0.693147]
    """
    xp = namespace_of(uniform)
    return xp.maximum(-xp.log1p(-xp.asarray(uniform)), floor)


def user_bandwidth_hz(bandwidth_hz: float, access: Array, stations: int, rule: str) -> Array:
    """Return the bandwidth each user has at its access station.

    Formula: ``W`` under "full"; ``W / |{j: b(j) = b(i)}|`` under "equal_share".

    Args:
        bandwidth_hz: scalar, the band of every station [Hz].
        access: (N,) integers, the access station b(i) of each user.
        stations: M, the number of stations.
        rule: "full" or "equal_share".

    Returns:
        (N,) bandwidths [Hz].

    Raises:
        ValueError: the rule is unknown.

    Source:
        Lu et al., W of Eq. 3.

    Example:
        >>> import numpy as np
        >>> user_bandwidth_hz(20e6, np.array([1, 0, 1]), stations=2, rule="equal_share").tolist()
        [10000000.0, 20000000.0, 10000000.0]
    """
    require_choice("bandwidth rule", rule, BANDWIDTH_RULES)
    xp = namespace_of(access)
    if rule == "full":
        return xp.ones(access.shape) * bandwidth_hz
    return bandwidth_hz / xp.take(_users_per_station(xp, access, stations), access, axis=0)


def _users_per_station(xp, access: Array, stations: int) -> Array:
    """Count the users of each station, (M,), without an N x M intermediate."""
    ordered, station = xp.sort(access), xp.arange(stations, dtype=access.dtype)
    return xp.searchsorted(ordered, station, side="right") - xp.searchsorted(ordered, station, side="left")


def rate_bps(bandwidth_hz: Array, power_w: Array, gain: Array, noise_w_per_hz: float, logarithm: str = "log2") -> Array:
    """Return the achievable rate of each radio link.

    Formula: ``r = W log2(1 + p h / (W N0))``; reading row 26: "log2" is sound, "ln" the printed "log" taken literally.

    Args:
        bandwidth_hz: scalar, (N,) or (N, 1), greater than 0 [Hz].
        power_w: scalar, (N,) or (N, 1) transmit power [W].
        gain: (N,) or (N, M) channel power gain [1].
        noise_w_per_hz: scalar noise density [W/Hz].
        logarithm: "log2" or "ln".

    Returns:
        Rates of the shape of `gain` [bit/s].

    Raises:
        ValueError: the logarithm is unknown.

    Source:
        Lu et al., Eq. 3.

    Example:
        >>> import numpy as np
        >>> rate_bps(1e6, 0.5, np.array([6e-14]), noise_w_per_hz=1e-20).round(6).tolist()
        [2000000.0]
    """
    require_choice("logarithm", logarithm, LOGARITHMS)
    xp = namespace_of(bandwidth_hz, power_w, gain)
    width_hz = per_user(bandwidth_hz, gain)
    snr = xp.asarray(per_user(power_w, gain) * gain / (width_hz * noise_w_per_hz))
    nats_per_s = width_hz * xp.log1p(snr)  # log1p keeps weak links exact in float32
    return nats_per_s / math.log(2.0) if logarithm == "log2" else nats_per_s


def access_by_signal(mean_gain: Array) -> Array:
    """Attach every user to the station it hears best; ties go to the lowest index.

    Formula: ``b(i) = argmax_j h_ij``.

    Args:
        mean_gain: (N, M) channel power gain without fast fading, M at least 1 [1].

    Returns:
        (N,) integers, the access stations.

    Source:
        Lu et al., section III-C ("its nearby base station"); strongest is the sound reading.

    Example:
        >>> import numpy as np
        >>> access_by_signal(np.array([[1.0, 3.0, 3.0], [5.0, 0.0, 1.0]])).tolist()
        [1, 0]
    """
    return namespace_of(mean_gain).argmax(mean_gain, axis=-1)


def access_by_distance(distance_m: Array) -> Array:
    """Attach every user to the station nearest to it; ties go to the lowest index.

    Formula: ``b(i) = argmin_j d_ij``.

    Args:
        distance_m: (N, M) distances, M at least 1 [m].

    Returns:
        (N,) integers, the access stations.

    Source:
        Lu et al., section III-C ("its nearby base station"); nearest is the literal reading.

    Example:
        >>> import numpy as np
        >>> access_by_distance(np.array([[7.0, 3.0, 3.0]])).tolist()
        [1]
    """
    return namespace_of(distance_m).argmin(distance_m, axis=-1)
