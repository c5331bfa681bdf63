"""Borders that reflect: users move on a plane of mirror images of the area, and are seen in the area itself."""

from __future__ import annotations

from twinhop.units.arrays import Array, namespace_of


def wrapped(value: Array, period: Array) -> Array:
    """Return the values modulo the period.

    Formula: ``x - P floor(x / P)``.

    Args:
        value: any shape.
        period: broadcastable to it, P, greater than 0, in the unit of the value.

    Returns:
        The values in [0, P] up to rounding, same shape and unit.

    Example:
        >>> import numpy as np
        >>> wrapped(np.array([-1.0, 5.0]), 4.0).tolist()
        [3.0, 1.0]
    """
    return value - period * namespace_of(value).floor(value * (1.0 / period))


def folded(image: Array, length: Array) -> Array:
    """Return where a coordinate on the plane of mirror images lies in the area.

    Formula: ``L - |L - x|``. With x taken modulo 2 L, straight motion of x is motion of the result that both ends of
    [0, L] reflect, and a uniform x gives a uniform result.

    Args:
        image: any shape, in [0, 2 L]; see `wrapped` [m].
        length: broadcastable to it, L, greater than 0, extent of the area [m].

    Returns:
        Coordinates in [0, L], same shape [m].

    Example:
        >>> import numpy as np
        >>> folded(wrapped(np.array([-30.0, 40.0, 110.0, 390.0]), 200.0), 100.0).tolist()
        [30.0, 40.0, 90.0, 10.0]
    """
    xp = namespace_of(image)
    return xp.maximum(length - xp.abs(length - image), 0.0)
