"""Whether a link has line of sight, alike at places close to each other."""

from twinhop.units.arrays import Array, namespace_of

LOS_DECORRELATION_M = 50.0  # 3GPP TR 38.901, Table 7.6.3.1-2, LOS/NLOS state, UMa and UMi alike


def normal_cdf(z: Array) -> Array:
    """Return the distribution function of the standard normal distribution.

    Formula: ``Phi(z) = P(Z <= z)``, as ``exp(-z^2 / 2)`` times a rational function; error below 1e-14.

    Args:
        z: any shape [1].

    Returns:
        Probabilities, same shape [1].

    Source:
        J. F. Hart et al., Computer Approximations, 1968, algorithm 5666; the array API has no error function.

    Example:
        >>> import numpy as np
        >>> normal_cdf(np.array([-1.0, 0.0, 1.0])).round(6).tolist()
        [0.158655, 0.5, 0.841345]
    """
    xp = namespace_of(z)
    size = xp.abs(z)
    upper, lower = _polynomial(_HART_UPPER, size), _polynomial(_HART_LOWER, size)
    tail = xp.exp(-0.5 * size * size) * upper / lower
    return xp.where(z > 0, 1.0 - tail, tail)


_HART_UPPER = (
    3.52624965998911e-02,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
_HART_LOWER = (
    8.83883476483184e-02,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    value = 0.0 * x
    for coefficient in coefficients:
        value = value * x + coefficient
    return value


def line_of_sight(probability: Array, field: Array) -> Array:
    """Decide by a spatial field which links have line of sight.

    Formula: ``Phi(z) < P_LOS``. As z is standard normal, a link has line of sight with probability P_LOS exactly; as z
    is alike at places close to each other, so is the state.

    Args:
        probability: any shape, P_LOS, see `tr38901_los_probability` [1].
        field: same shape, values z of a standard normal field, see `spatial_field` [1].

    Returns:
        True where there is line of sight, same shape.

    Source:
        3GPP TR 38.901, clause 7.6.3.3 (spatial consistency of the LOS state).

    Example:
        >>> import numpy as np
        >>> line_of_sight(np.array([1.0, 0.3, 0.3]), np.array([2.0, -1.0, 0.0])).tolist()
        [True, True, False]
    """
    return normal_cdf(field) < probability
