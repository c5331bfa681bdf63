"""Interference between the uplinks of stations that share the band."""

from twinhop.network.radio import users_per_station
from twinhop.units.arrays import Array, namespace_of


def uplink_interference_w_per_hz(power_w: Array, mean_gain: Array, access: Array, bandwidth_hz: Array) -> Array:
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
    attached = xp.take(users_per_station(access, stations), access, axis=0)
    density = power_w / (attached * bandwidth_hz)
    elsewhere = access[:, None] != xp.arange(stations, dtype=access.dtype)[None, :]
    return xp.sum(xp.where(elsewhere, density[:, None] * mean_gain, 0.0), axis=0)
