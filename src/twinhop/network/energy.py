"""The energy of transmission."""

from twinhop.units.arrays import Array


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
