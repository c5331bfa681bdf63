"""Distances in the plane."""

from twinhop.units.arrays import Array, namespace_of


def distance_m(a_xy_m: Array, b_xy_m: Array) -> Array:
    """Return the Euclidean distance between every pair of points of two sets.

    Formula: ``d_ij = |a_i - b_j|``.

    Args:
        a_xy_m: (N, 2) points [m].
        b_xy_m: (M, 2) points [m].

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
    offset_m = a_xy_m[:, None, :] - b_xy_m[None, :, :]
    return xp.sqrt(xp.sum(offset_m * offset_m, axis=-1))
