"""The radio access: distances, channel gain, fading, bandwidth, interference, rate and access station."""

import math

from twinhop.network.arguments import per_user, require_choice
from twinhop.units import db_to_linear
from twinhop.units.arrays import Array, namespace_of


def distance_m(a_xy_m: Array, b_xy_m: Array) -> Array:
    """Return the Euclidean distance between every pair of points of two sets, or from each point to some of its own.

    Formula: ``d_ij = |a_i - b_j|``, or ``|a_i - b_ij|``.

    Args:
        a_xy_m: (N, 2) points [m].
        b_xy_m: (M, 2) points, or (N, M, 2), M for each of the others [m].

    Returns:
        (N, M) distances [m].

    Source:
        Lu et al., section III (d(j, k) of Eq. 5).

    Example:
        >>> import numpy as np
        >>> distance_m(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 2.0]])).tolist()
        [[5.0, 2.0]]
    """
    xp = namespace_of(a_xy_m, b_xy_m)
    b_xy_m = b_xy_m if b_xy_m.ndim == 3 else b_xy_m[None]
    east_m = a_xy_m[:, None, 0] - b_xy_m[:, :, 0]  # by coordinate: a sum over an axis of two is 7 times slower
    north_m = a_xy_m[:, None, 1] - b_xy_m[:, :, 1]
    return xp.sqrt(east_m * east_m + north_m * north_m)


RAYLEIGH_FLOOR = 0.05  # a slot's deepest fade: 13 dB below the mean

BANDWIDTH_RULES = ("full", "equal_share")
LOGARITHMS = ("log2", "ln")


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


def user_bandwidth_hz(
    bandwidth_hz: float, access: Array, stations: int, rule: str, weight: Array | None = None
) -> Array:
    """Return the bandwidth each user has at its access station.

    Formula: ``W`` under "full"; ``W / |{j: b(j) = b(i)}|`` under "equal_share", where an entry that stands for w users
    counts as w.

    Args:
        bandwidth_hz: scalar, the band of every station [Hz].
        access: (N,) integers, the access station b(i) of each user.
        stations: M, the number of stations.
        rule: "full" or "equal_share".
        weight: (N,) users that each entry stands for; None: one each.

    Returns:
        (N,) bandwidths of one user [Hz].

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
    return bandwidth_hz / xp.take(users_per_station(access, stations, weight), access, axis=0)


def users_per_station(access: Array, stations: int, weight: Array | None = None) -> Array:
    """Count the users attached to each station.

    Formula: ``n_j = |{i: b(i) = j}|``, without an N x M intermediate.

    Args:
        access: (N,) integers, the access station b(i) of each user.
        stations: M, the number of stations.
        weight: (N,) users that each entry stands for; None: one each.

    Returns:
        (M,) integers; sums of weights where there are any.

    Source:
        The load of a station in Lu et al., section III-C.

    Example:
        >>> import numpy as np
        >>> users_per_station(np.array([1, 0, 1]), stations=3).tolist()
        [1, 2, 0]
    """
    xp = namespace_of(access)
    if weight is not None:
        return xp.bincount(access, weight, minlength=stations)
    ordered, station = xp.sort(access), xp.arange(stations, dtype=access.dtype)
    return xp.searchsorted(ordered, station, side="right") - xp.searchsorted(ordered, station, side="left")


def rate_bps(bandwidth_hz: Array, power_w: Array, gain: Array, noise_w_per_hz: Array, logarithm: str = "log2") -> Array:
    """Return the achievable rate of each radio link.

    Formula: ``r = W log2(1 + p h / (W N0))``; reading row 26: "log2" is sound, "ln" the printed "log" taken literally.

    Args:
        bandwidth_hz: scalar, (N,) or (N, 1), greater than 0 [Hz].
        power_w: scalar, (N,) or (N, 1) transmit power [W].
        gain: (N,) or (N, M) channel power gain [1].
        noise_w_per_hz: scalar noise density, or (N,) with the interference density added to it [W/Hz].
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
    xp = namespace_of(bandwidth_hz, power_w, gain, noise_w_per_hz)
    width_hz = per_user(bandwidth_hz, gain)
    snr = xp.asarray(per_user(power_w, gain) * gain / (width_hz * per_user(noise_w_per_hz, gain)))
    nats_per_s = width_hz * xp.log1p(snr)  # log1p keeps weak links exact in float32
    return nats_per_s / math.log(2.0) if logarithm == "log2" else nats_per_s


def access_by_signal(mean_gain: Array, previous: Array | None = None, hysteresis_db: float = 0.0) -> Array:
    """Attach every user to the station it hears best, or leave it where it was unless another is clearly better.

    Formula: ``b(i) = argmax_j h_ij``, but ``b'(i)`` is kept unless ``max_j h_ij > 10^(hysteresis/10) h_ib'(i)``. Among
    new stations ties go to the lowest index; a tie with the previous station stays there.

    Args:
        mean_gain: (N, M) channel power gain without fast fading, M at least 1 [1].
        previous: (N,) integers, the stations of the step before, negative for a user that had none; None for nobody.
        hysteresis_db: how much stronger than the previous station a new one must be, at least 0 [dB].

    Returns:
        (N,) integers, the access stations.

    Source:
        Lu et al., section III-C ("its nearby base station"); strongest is the sound reading. Hysteresis: event A3 of
        3GPP TS 38.331, 5.5.4.4, with all offsets 0.

    Example:
        >>> import numpy as np
        >>> gain = np.array([[1.0, 3.0, 3.0], [5.0, 0.0, 1.0]])
        >>> access_by_signal(gain).tolist()
        [1, 0]
        >>> access_by_signal(gain, previous=np.array([0, 2]), hysteresis_db=6.0).tolist()
        [0, 0]
    """
    xp = namespace_of(mean_gain, previous)
    best = xp.argmax(mean_gain, axis=-1)
    if previous is None:
        return best
    held = xp.maximum(previous, xp.zeros_like(previous))
    held_gain = xp.take_along_axis(mean_gain, held[:, None], axis=-1)[:, 0]
    better = xp.max(mean_gain, axis=-1) > held_gain * db_to_linear(hysteresis_db)
    return xp.where(better | (previous < 0), best, xp.astype(held, best.dtype))


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


def uplink_interference_w_per_hz(
    power_w: Array, mean_gain: Array, access: Array, bandwidth_hz: Array, weight: Array | None = None
) -> Array:
    """Return the mean interference that every station receives when all stations use the same band all the time.

    Formula: ``J_j = sum_{k != j} (1 / n_k) sum_{i: b(i) = k} p_i h_ij / W_i``: at any frequency and time one user of
    each other station k is on the air, each of its n_k users as often, with power p_i spread over its W_i. Under equal
    share (``n_k W_i = W``) that is ``sum_{i: b(i) != j} p_i h_ij / W``: it grows with the load; under the full band the
    users of a station take turns, and J does not. The rate is then that of
    ``SINR_i = p_i h_i / (W_i (N0 + J_b(i)))``.

    Args:
        power_w: scalar or (N,) transmit power [W].
        mean_gain: (N, M) channel power gain without fast fading [1].
        access: (N,) integers, the access station b(i) of each user.
        bandwidth_hz: (N,) bandwidth of each user, see `user_bandwidth_hz` [Hz].
        weight: (N,) users that each entry stands for; None: one each.

    Returns:
        (M,) interference densities; 0 where no other station has users [W/Hz].

    Source:
        Mean of the other-cell interference of full-buffer uplink OFDMA with reuse 1, without power control.

    Example:
        >>> import numpy as np
        >>> gain = np.array([[1e-9, 1e-12], [3e-12, 1e-9], [1e-12, 1e-9]])
        >>> width_hz = np.array([10e6, 5e6, 5e6])
        >>> (uplink_interference_w_per_hz(0.2, gain, np.array([0, 1, 1]), width_hz) * 1e20).round(6).tolist()
        [8.0, 2.0]
    """
    xp = namespace_of(mean_gain, access, power_w, bandwidth_hz)
    stations = mean_gain.shape[-1]
    attached = xp.take(users_per_station(access, stations, weight), access, axis=0)
    density = power_w / (attached * bandwidth_hz)
    if weight is not None:
        density = weight * density
    elsewhere = access[:, None] != xp.arange(stations, dtype=access.dtype)[None, :]
    return xp.sum(xp.where(elsewhere, density[:, None] * mean_gain, 0.0), axis=0)
