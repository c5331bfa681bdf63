"""Unit conversions and named unit constants: the only place where decibel meets watt."""

from twinhop.units.currency import CURRENCY_FORM, cost_in_words, cost_number, is_currency, money_unit, with_unit
from twinhop.units.decibel import db_to_linear, dbm_to_w, linear_to_db, w_to_dbm

#: Factors from the units of scenario files and reports to SI: multiply to get SI, divide to leave it.
HZ_PER_MHZ = 1e6
HZ_PER_GHZ = 1e9
BITS_PER_MBIT = 1e6  # decimal megabit, as network rates are quoted
CYCLES_PER_GCYCLE = 1e9
S_PER_MS = 1e-3
S_PER_HOUR = 3600.0
M_PER_KM = 1e3

__all__ = [
    "BITS_PER_MBIT",
    "CURRENCY_FORM",
    "CYCLES_PER_GCYCLE",
    "HZ_PER_GHZ",
    "HZ_PER_MHZ",
    "M_PER_KM",
    "S_PER_HOUR",
    "S_PER_MS",
    "cost_in_words",
    "cost_number",
    "db_to_linear",
    "dbm_to_w",
    "is_currency",
    "linear_to_db",
    "money_unit",
    "w_to_dbm",
    "with_unit",
]
