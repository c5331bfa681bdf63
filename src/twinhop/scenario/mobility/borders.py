"""Borders that reflect: users move on a plane of mirror images of the area, and are seen in the area itself."""

from __future__ import annotations

from twinhop.units.arrays import Array, namespace_of


def wrapped(value: Array, period: float) -> Array:
    """Return the values modulo the period.

    Formula: ``x - P floor(x / P)``.

    Args:
        value: any shape.
        period: scalar P, greater than 0, in the unit of the value.

    Returns:
        The values in [0, P], P itself by rounding only; same shape.

    Example:
        >>> import numpy as np
        >>> wrapped(np.array([-1.0, 5.0]), 4.0).tolist()
        [3.0, 1.0]
    """
    return value - period * namespace_of(value).floor(value / period)


def folded(value: Array, length: float) -> Array:
    """Return where a coordinate on the plane of mirror images lies in the area.

    Formula: ``|x|`` with period ``2 L``, thus ``L - |L - (x mod 2 L)|``: straight motion of x is motion of the result
    that both ends of [0, L] reflect, and a uniform x gives a uniform result.

    Args:
        value: any shape [m].
        length: scalar L, greater than 0, extent of the area [m].

    Returns:
        Coordinates in [0, L], same shape [m].

    Example:
        >>> import numpy as np
        >>> folded(np.array([-30.0, 40.0, 110.0, 390.0]), 100.0).tolist()
        [30.0, 40.0, 90.0, 10.0]
    """
    xp = namespace_of(value)
    return xp.maximum(length - xp.abs(length - wrapped(value, 2.0 * length)), 0.0 * value)
