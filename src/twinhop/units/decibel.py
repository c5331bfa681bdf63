"""Decibel and dBm to linear ratio and watt, and back."""

import math

import array_api_compat.numpy

from twinhop.units.arrays import Array, namespace_of

W_PER_MW = 1e-3


def db_to_linear(x_db: Array) -> Array:
    """Convert a power ratio from decibel.

    Formula: ``x = 10^(x_db / 10)``.

    Args:
        x_db: any shape [dB].

    Returns:
        The ratio, same shape [1].

    Source:
        Recommendation ITU-R V.574 (decibel of a power ratio).

    Example:
        >>> db_to_linear(20.0)
        100.0
    """
    xp = namespace_of(x_db)
    if xp is array_api_compat.numpy:
        return 10.0 ** (x_db / 10.0)
    return xp.exp((math.log(10.0) / 10.0) * x_db)  # compilers of arrays take four times as long for a power


def linear_to_db(x: Array) -> Array:
    """Convert a positive power ratio to decibel.

    Formula: ``x_db = 10 log10(x)``.

    Args:
        x: any shape, greater than 0 [1].

    Returns:
        The level, same shape [dB].

    Source:
        Recommendation ITU-R V.574 (decibel of a power ratio).

    Example:
        >>> float(linear_to_db(100.0))
        20.0
    """
    return 10.0 * namespace_of(x).log10(x)


def dbm_to_w(x_dbm: Array) -> Array:
    """Convert a power level from dBm.

    Formula: ``x_w = 10^(x_dbm / 10) / 1000``.

    Args:
        x_dbm: any shape [dBm] (or [dBm/Hz], giving W/Hz).

    Returns:
        The power, same shape [W].

    Source:
        Recommendation ITU-R V.574 (dBm: decibel relative to one milliwatt).

    Example:
        >>> dbm_to_w(30.0)
        1.0
    """
    return db_to_linear(x_dbm) * W_PER_MW


def w_to_dbm(x_w: Array) -> Array:
    """Convert a positive power to dBm.

    Formula: ``x_dbm = 10 log10(1000 x_w)``.

    Args:
        x_w: any shape, greater than 0 [W].

    Returns:
        The level, same shape [dBm].

    Source:
        Recommendation ITU-R V.574 (dBm: decibel relative to one milliwatt).

    Example:
        >>> float(w_to_dbm(1.0))
        30.0
    """
    return linear_to_db(x_w / W_PER_MW)
