"""Path loss after Okumura and Hata."""

import math

from twinhop.network.arguments import require_choice
from twinhop.units import HZ_PER_MHZ, M_PER_KM
from twinhop.units.arrays import Array, namespace_of

HATA_ENVIRONMENTS = ("small_city", "large_city", "suburban", "open")
HATA_MIN_DISTANCE_M = 10.0  # the formula is extrapolated from its 1 km down to here, and held below
LARGE_CITY_SPLIT_HZ = 300e6  # Hata gives one correction up to 200 MHz and one from 400 MHz; the middle is ours


def okumura_hata_pathloss_db(
    distance_m: Array,
    carrier_hz: float,
    station_height_m: float = 30.0,
    user_height_m: float = 1.5,
    environment: str = "small_city",
    min_distance_m: float = HATA_MIN_DISTANCE_M,
) -> Array:
    """Return the path loss of Okumura-Hata.

    Formula, with f in MHz, d in **km** and heights in m:
    ``L = 69.55 + 26.16 log10 f - 13.82 log10 hb - a(hm) + (44.9 - 6.55 log10 hb) log10 d``, with
    ``a(hm) = (1.1 log10 f - 0.7) hm - (1.56 log10 f - 0.8)``, in a large city ``8.29 log10(1.54 hm)^2 - 1.1`` up to
    300 MHz and ``3.2 log10(11.75 hm)^2 - 4.97`` above. Suburban: ``L - 2 log10(f / 28)^2 - 5.4``; open:
    ``L - 4.78 log10(f)^2 + 18.33 log10 f - 40.94``.

    Args:
        distance_m: any shape, at least 0; valid from 1 to 20 km [m].
        carrier_hz: scalar carrier frequency f, valid from 150 to 1500 MHz [Hz].
        station_height_m: scalar hb, valid from 30 to 200 m [m].
        user_height_m: scalar hm, valid from 1 to 10 m [m].
        environment: "small_city" (small or medium city), "large_city", "suburban" or "open".
        min_distance_m: distances below it count as it; from there to 1 km the formula is extrapolated [m].

    Returns:
        The loss, same shape [dB].

    Raises:
        ValueError: the environment is unknown.

    Source:
        M. Hata, Empirical formula for propagation loss in land mobile radio services, IEEE Trans. Vehicular Technology
        29 (3), 1980; Recommendation ITU-R P.529-3, annex 1.

    Example:
        >>> round(float(okumura_hata_pathloss_db(2000.0, 900e6)), 3)
        137.007
    """
    require_choice("Hata environment", environment, HATA_ENVIRONMENTS)
    xp = namespace_of(distance_m)
    log_km = xp.log10(xp.maximum(xp.asarray(distance_m), min_distance_m) / M_PER_KM)
    log_mhz, log_height = math.log10(carrier_hz / HZ_PER_MHZ), math.log10(station_height_m)
    urban_at_1_km_db = 69.55 + 26.16 * log_mhz - 13.82 * log_height
    at_1_km_db = urban_at_1_km_db - _user_height_gain_db(carrier_hz, user_height_m, environment)
    return at_1_km_db - _clearing_db(log_mhz, environment) + (44.9 - 6.55 * log_height) * log_km


def _user_height_gain_db(carrier_hz: float, user_height_m: float, environment: str) -> float:
    """Return a(hm) [dB]."""
    if environment != "large_city":
        log_mhz = math.log10(carrier_hz / HZ_PER_MHZ)
        return (1.1 * log_mhz - 0.7) * user_height_m - (1.56 * log_mhz - 0.8)
    if carrier_hz <= LARGE_CITY_SPLIT_HZ:
        return 8.29 * math.log10(1.54 * user_height_m) ** 2 - 1.1
    return 3.2 * math.log10(11.75 * user_height_m) ** 2 - 4.97


def _clearing_db(log_mhz: float, environment: str) -> float:
    """Return how much less than in the city is lost where fewer buildings stand [dB]."""
    if environment == "suburban":
        return 2.0 * (log_mhz - math.log10(28.0)) ** 2 + 5.4
    if environment == "open":
        return 4.78 * log_mhz**2 - 18.33 * log_mhz + 40.94
    return 0.0
