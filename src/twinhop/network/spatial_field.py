"""Random fields over the plane: values that are alike at places close to each other, the same whenever asked again."""

import math

from twinhop.units.arrays import Array, namespace_of

#: Waves in a field of a scenario: the autocorrelation of one field strays from its mean by about 1 / sqrt(2 x 256).
FIELD_WAVES = 256
#: Waves shorter than 2 pi / 100 decorrelation distances are left out: they carry 1 % of the power, and float32 phases
#: of them would be noise.
SHORTEST_WAVE = 100.0


def spatial_field(xy_m: Array, wave_uniform: Array, wave_normal: Array, decorrelation_m: float) -> Array:
    """Return the values at given places of Gaussian fields whose correlation decays exponentially with the distance.

    Formula, with K random wave vectors k_n and normal weights a, b: ``z_j(x) = K^(-1/2) sum_n a_jn cos(k_n x) +
    b_jn sin(k_n x)``. The directions of k_n are uniform and the lengths follow the spectrum of ``exp(-d / D)`` in the
    plane: ``|k_n| = sqrt(1 - q_n^2) / (q_n D)`` with one q_n drawn in each K-th of [0.01, 1), so that no draw of
    lengths is lopsided.

    Over the draws, z(x) is *exactly* standard normal at every place, fields j are independent of each other given
    the waves, and the correlation of z(x) and z(y) is ``exp(-|x - y| / D)`` up to 0.01 (the waves left out, see
    `SHORTEST_WAVE`, make the field smooth below D / 50). *Within* one field the correlation strays by about
    ``(2 K)^(-1/2)``.

    Args:
        xy_m: (N, 2) places [m].
        wave_uniform: (K, 2) draws, uniform in [0, 1): length and direction of each wave.
        wave_normal: (M, 2 K) standard normal draws, the weights a and b of each of M fields.
        decorrelation_m: scalar D, greater than 0 [m].

    Returns:
        (N, M) values, of mean 0 and variance 1 [1].

    Source:
        Rahimi and Recht, Random features for large-scale kernel machines, 2007; 3GPP TR 38.901, clauses 7.4.4 and
        7.6.3 ask for the correlation; its Fourier transform in the plane is that of a Matern kernel, nu = 1/2.

    Example:
        >>> import numpy as np
        >>> rng = np.random.default_rng(1)
        >>> draws = rng.random((256, 2)), rng.standard_normal((1, 512))
        >>> spatial_field(np.array([[0.0, 0.0], [1.0, 0.0], [500.0, 0.0]]), *draws, 50.0).round(1).tolist()
        [[-1.5], [-1.5], [-0.8]]
    """
    xp = namespace_of(xy_m, wave_uniform, wave_normal)
    vectors = field_waves(wave_uniform, decorrelation_m)
    phase = xy_m[:, 0][:, None] * vectors[:, 0] + xy_m[:, 1][:, None] * vectors[:, 1]
    features = xp.concat([xp.cos(phase), xp.sin(phase)], axis=-1)
    return features @ xp.matrix_transpose(wave_normal) / math.sqrt(wave_uniform.shape[0])


def field_waves(wave_uniform: Array, decorrelation_m: float) -> Array:
    """Return the wave vectors of a field.

    Formula: ``k_n = |k_n| (cos 2 pi v_n, sin 2 pi v_n)`` with ``|k_n| = sqrt(1 - q_n^2) / (q_n D)``, where q_n lies in
    the n-th of K equal parts of [0.01, 1), at the share u_n of it. Given the waves, the covariance of the field at two
    places x and y, over its weights, is ``mean_n cos(k_n (x - y))``.

    Args:
        wave_uniform: (K, 2) draws u_n and v_n, uniform in [0, 1): length and direction of each wave.
        decorrelation_m: scalar D, greater than 0 [m].

    Returns:
        (K, 2) wave vectors [rad/m].

    Source:
        As of `spatial_field`.

    Example:
        >>> import numpy as np
        >>> field_waves(np.array([[0.0, 0.25], [0.5, 0.0]]), 50.0).round(3).tolist()
        [[0.0, 2.0], [0.018, 0.0]]
    """
    xp = namespace_of(wave_uniform)
    waves = wave_uniform.shape[0]
    left_out = 1.0 / math.sqrt(1.0 + SHORTEST_WAVE * SHORTEST_WAVE)  # the share of the spectrum beyond
    stratum = xp.arange(waves, dtype=wave_uniform.dtype)
    beyond = left_out + (1.0 - left_out) * (stratum + wave_uniform[:, 0]) / waves
    length = xp.sqrt((1.0 - beyond) * (1.0 + beyond)) / (beyond * decorrelation_m)
    angle = 2.0 * math.pi * wave_uniform[:, 1]
    return xp.stack([length * xp.cos(angle), length * xp.sin(angle)], axis=-1)


def correlation_after(step_m: Array, decorrelation_m: float) -> Array:
    """Return the correlation that is left after a step.

    Formula: ``R = exp(-step / D)``.

    Args:
        step_m: any shape, at least 0 [m].
        decorrelation_m: scalar D, greater than 0 [m].

    Returns:
        The correlation, same shape [1].

    Source:
        3GPP TR 38.901, Eq. 7.4-5 (the autocorrelation of shadowing).

    Example:
        >>> round(float(correlation_after(10.0, 50.0)), 6)
        0.818731
    """
    xp = namespace_of(step_m)
    return xp.exp(-xp.asarray(step_m) / decorrelation_m)


def next_shadowing_db(
    shadowing_db: Array, normal: Array, step_m: Array, sigma_db: Array, decorrelation_m: float
) -> Array:
    """Return the shadowing one step further along a path.

    Formula: ``x <- R x + sqrt(1 - R^2) sigma n`` with ``R = exp(-step / D)``; of variance sigma^2 if x was.

    Args:
        shadowing_db: any shape [dB].
        normal: broadcastable to it, drawn from the standard normal distribution [1].
        step_m: broadcastable to it, the distance moved, at least 0 [m].
        sigma_db: broadcastable to it, the standard deviation [dB].
        decorrelation_m: scalar D, greater than 0 [m].

    Returns:
        The shadowing, the broadcast shape [dB].

    Source:
        3GPP TR 38.901, Eq. 7.4-5, as a process of order 1 (Gudmundson, Electronics Letters 27 (23), 1991).

    Example:
        >>> import numpy as np
        >>> next_shadowing_db(np.array([4.0]), np.array([-1.0]), 0.0, sigma_db=4.0, decorrelation_m=37.0).tolist()
        [4.0]
    """
    xp = namespace_of(shadowing_db, normal, step_m, sigma_db)
    left = correlation_after(step_m, decorrelation_m)
    return left * shadowing_db + xp.sqrt(1.0 - left * left) * sigma_db * normal
