"""Unit conversions and named unit constants: the only place where decibel meets watt."""

from twinhop.units.decibel import db_to_linear, dbm_to_w, linear_to_db, w_to_dbm
from twinhop.units.scale import (
    BITS_PER_MBIT,
    CYCLES_PER_GCYCLE,
    HZ_PER_GHZ,
    HZ_PER_MHZ,
    M_PER_KM,
    S_PER_HOUR,
    S_PER_MS,
)

__all__ = [
    "BITS_PER_MBIT",
    "CYCLES_PER_GCYCLE",
    "HZ_PER_GHZ",
    "HZ_PER_MHZ",
    "M_PER_KM",
    "S_PER_HOUR",
    "S_PER_MS",
    "db_to_linear",
    "dbm_to_w",
    "linear_to_db",
    "w_to_dbm",
]
