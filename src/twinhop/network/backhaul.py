"""The wired network between stations."""

from twinhop.network.arguments import per_user
from twinhop.units.arrays import Array, namespace_of


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


def routed_latency_s(bits: Array, source: Array, target: Array, path_delay_s: Array, path_s_per_bit: Array) -> Array:
    """Return the time that data of each user takes through a network of links, by the fastest path for its size.

    Formula: ``wired_ik = min over p of delay_p + x_i s_p`` over the paths p from the user's source to the target that
    are fastest for some size; ``s_p`` is the sum of 1 / rate over the path's links.

    Args:
        bits: (N,) sizes [bit].
        source: (N,) row of each user in the path arrays, int.
        target: (M,) column of each host in the path arrays, int.
        path_delay_s: (P, A, A) delays of the paths between every two places [s], as `path_envelopes` gives them.
        path_s_per_bit: (P, A, A) what one more bit adds to them [s/bit].

    Returns:
        (N, M) latencies [s].

    Source:
        Shortest path of sum (delay + x / link rate), in place of the distance of Lu et al., Eq. 5 and 7.

    Example:
        >>> import numpy as np
        >>> delay_s, s_per_bit = np.array([[[0.001]], [[0.003]]]), np.array([[[1e-8]], [[1e-9]]])
        >>> here = np.array([0, 0])
        >>> routed_latency_s(np.array([1e5, 1e6]), here, np.array([0]), delay_s, s_per_bit).round(6).tolist()
        [[0.002], [0.004]]
    """
    xp = namespace_of(bits, path_delay_s)
    fastest_s = None
    for delay_s, s_per_bit in zip(path_delay_s, path_s_per_bit, strict=True):
        latency_s = delay_s[source][:, target] + bits[:, None] * s_per_bit[source][:, target]
        fastest_s = latency_s if fastest_s is None else xp.minimum(fastest_s, latency_s)
    return fastest_s


def fastest_path(bits: Array, source: Array, target: Array, path_delay_s: Array, path_s_per_bit: Array) -> Array:
    """Return which of the paths between its source and target each user's data takes.

    Formula: ``argmin over p of delay_p + x_i s_p``, the first of equals: the one of least delay.

    Args:
        bits: (N,) sizes [bit].
        source: (N,) row of each user in the path arrays, int.
        target: (N,) column of each user in the path arrays, int.
        path_delay_s: (P, A, A) delays of the paths [s], as `path_envelopes` gives them.
        path_s_per_bit: (P, A, A) what one more bit adds to them [s/bit].

    Returns:
        (N,) indices p, int.

    Source:
        See `routed_latency_s`.

    Example:
        >>> import numpy as np
        >>> delay_s, s_per_bit = np.array([[[0.001]], [[0.003]]]), np.array([[[1e-8]], [[1e-9]]])
        >>> here = np.array([0, 0])
        >>> fastest_path(np.array([1e5, 1e6]), here, here, delay_s, s_per_bit).tolist()
        [0, 1]
    """
    xp = namespace_of(bits, path_delay_s)
    latency_s = path_delay_s[:, source, target] + bits[None, :] * path_s_per_bit[:, source, target]
    return xp.argmin(latency_s, axis=0)
