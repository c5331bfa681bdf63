"""The energy of transmission, and what a user gains from a timely twin, less that energy."""

import math

from twinhop.units.arrays import Array, namespace_of


def transmit_energy_j(power_w: Array, bits: Array, rate_bps: Array) -> Array:
    """Return the energy a user spends on sending data to its access station.

    Formula: ``E_i = p_i x_i / r_i``, over the radio part only: the host does not change it (reading row 10).

    Args:
        power_w: (N,) transmit power, or a scalar [W].
        bits: (N,) sizes, or a scalar [bit].
        rate_bps: (N,) rates, greater than 0, or a scalar [bit/s].

    Returns:
        (N,) energies [J].

    Source:
        Lu et al., Eq. 19.

    Example:
        >>> transmit_energy_j(0.5, 1e6, 1e7)
        0.05
    """
    return power_w * bits / rate_bps


UTILITY_WEIGHT = 0.5  # beta_u; the paper gives no value
UTILITY_SCALE_S = 0.1  # tau_0 of the sound reading, row 11
LITERAL_UTILITY_SCALE_S = 1.0  # tau_0 of the literal reading: exp of seconds
#: The greatest (tau - T) / tau_0 of which a utility is a number, 4e260: sums of many still are, which e^709 leaves no
#: room for.
LARGEST_EXPONENT = 600.0


def utility(
    deadline_s: Array,
    latency_s: Array,
    energy_j: Array,
    weight: float = UTILITY_WEIGHT,
    scale_s: float = UTILITY_SCALE_S,
) -> Array:
    """Return the utility of each user.

    Formula: ``U = beta_u exp((tau - T) / tau_0) - (1 - beta_u) E``, in which E counts in joule. Reading row 11: the
    paper takes exp of seconds, which is ``scale_s=1.0`` (literal) and nearly flat over deadlines of 50 to 200 ms.

    Args:
        deadline_s: (N,) finite deadlines tau, or a scalar [s].
        latency_s: (N,) interaction latencies T [s].
        energy_j: (N,) energies E, or a scalar [J].
        weight: scalar beta_u, in [0, 1] [1].
        scale_s: scalar tau_0, greater than 0 [s].

    Returns:
        (N,) utilities [1]; inf where ``(tau - T) / tau_0`` is above `LARGEST_EXPONENT`: no number holds them.

    Source:
        Lu et al., Eq. 20.

    Example:
        >>> float(utility(deadline_s=0.2, latency_s=0.2, energy_j=0.5))
        0.25
    """
    xp = namespace_of(deadline_s, latency_s)
    exponent = xp.asarray((deadline_s - latency_s) / scale_s)
    vast = (exponent > LARGEST_EXPONENT) & (weight > 0)
    value = weight * xp.exp(xp.where(exponent > LARGEST_EXPONENT, 0.0, exponent)) - (1.0 - weight) * energy_j
    return xp.where(vast, math.inf, value)
