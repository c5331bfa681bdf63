"""When minimum CPU shares fit on a server, and what becomes of them where they exceed its CPU by rounding alone.

Plain functions of arrays of any library; `shares` has the compiled ones (`twinhop.jit`), which agree with them.
"""

from twinhop.units.arrays import Array, namespace_of

#: The minimum shares on a server may exceed its CPU by this much, relatively, and still count as fitting.
SHARE_TOLERANCE = 1e-9
#: Minimum shares that exceed the CPU by rounding are scaled so that this share of it is left over: none is exceeded.
LEFT_OVER = 1e-12


def cpu_room(cpu: Array) -> Array:
    """Return the most that the minimum shares on a server may add up to and still count as fitting.

    Formula: ``(1 + 1e-9) F``.

    Args:
        cpu: any shape, CPU capacities F [cycle/s].

    Returns:
        Of the same shape [cycle/s].

    Example:
        >>> round(cpu_room(1e9), 3)
        1000000001.0
    """
    return cpu * (1.0 + SHARE_TOLERANCE)


def planned_room(cpu: Array) -> Array:
    """Return the most that they may add up to where a plan is made: with half the tolerance to spare.

    A plan so made still fits when its minimum shares are summed in another order.

    Formula: ``(1 + 5e-10) F``.

    Args:
        cpu: any shape, CPU capacities F [cycle/s].

    Returns:
        Of the same shape [cycle/s].

    Example:
        >>> round(planned_room(1e9), 3)
        1000000000.5
    """
    return cpu * (1.0 + 0.5 * SHARE_TOLERANCE)


def floor_scale(least: Array, cpu: Array) -> Array:
    """Return what the minimum shares on a server are multiplied by before its CPU is shared.

    Formula: 1 where they fit; ``F / (least (1 + 1e-12))`` where they exceed the CPU by rounding, at most 1e-9 of it;
    0 where they do not fit: then nobody has one.

    Args:
        least: any shape, sums of the minimum shares, inf where one is [cycle/s].
        cpu: broadcastable to it, CPU capacities F [cycle/s].

    Returns:
        Of the broadcast shape [1].

    Example:
        >>> import numpy as np
        >>> floor_scale(np.array([0.0, 4.0, 8.0, np.inf]), 4.0).tolist()
        [1.0, 1.0, 0.0, 0.0]
    """
    xp = namespace_of(least, cpu)
    fits = least <= cpu_room(cpu)
    over = xp.asarray(fits & (least > cpu))
    scaled = cpu / xp.where(over, least * (1.0 + LEFT_OVER), 1.0)
    return xp.where(over, scaled, xp.where(xp.asarray(fits), 1.0, 0.0))
