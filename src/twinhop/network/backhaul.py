"""The wired network between stations."""

from twinhop.network.shapes import per_user
from twinhop.units.arrays import Array


def wired_latency_s(bits: Array, hop_distance_m: Array, latency_s_per_bit_m: float) -> Array:
    """Return the time that data of each user takes over a wired hop.

    Formula: ``wired_ik = phi x_i d(b(i), k)``.

    Args:
        bits: (N,) sizes, or a scalar [bit].
        hop_distance_m: (N, M) from each user's access station to every host, or (N,) to the chosen one [m].
        latency_s_per_bit_m: scalar phi [s/(bit m)].

    Returns:
        Latencies of the shape of `hop_distance_m` [s].

    Source:
        Lu et al., Eq. 5 and 7.

    Example:
        >>> import numpy as np
        >>> wired_latency_s(np.array([1e6, 2e6]), np.array([[0.0, 500.0], [1000.0, 0.0]]), 1e-11).round(6).tolist()
        [[0.0, 0.005], [0.02, 0.0]]
    """
    return latency_s_per_bit_m * per_user(bits, hop_distance_m) * hop_distance_m
