"""Path loss as a power of the distance."""

from twinhop.units.arrays import Array, namespace_of

POWER_LAW_MIN_DISTANCE_M = 1.0  # the reference distance: nearer, the law would turn into a gain


def power_law_pathloss_db(
    distance_m: Array,
    path_loss_exponent: float = 4.0,
    reference_loss_db: float = 0.0,
    min_distance_m: float = POWER_LAW_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of a gain of ``d^-alpha``.

    Formula: ``L = L_1 + 10 alpha log10(d / 1 m)``.

    Args:
        distance_m: any shape, at least 0 [m].
        path_loss_exponent: scalar alpha: 2 in free space, about 4 over flat ground [1].
        reference_loss_db: scalar L_1, the loss at 1 m; 0 gives exactly ``d^-alpha`` [dB].
        min_distance_m: distances below it count as it [m].

    Returns:
        The loss, same shape [dB].

    Source:
        Log-distance model; Rappaport, Wireless Communications, 2nd edition, section 4.9.1.

    Example:
        >>> float(power_law_pathloss_db(100.0, path_loss_exponent=3.5, reference_loss_db=30.0))
        100.0
    """
    xp = namespace_of(distance_m)
    return reference_loss_db + 10.0 * path_loss_exponent * xp.log10(xp.maximum(xp.asarray(distance_m), min_distance_m))
