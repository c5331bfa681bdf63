"""Factors from the units of scenario files and reports to SI (multiply to get SI, divide to leave it)."""

HZ_PER_MHZ = 1e6
HZ_PER_GHZ = 1e9
BITS_PER_MBIT = 1e6  # decimal megabit, as network rates are quoted
CYCLES_PER_GCYCLE = 1e9
S_PER_MS = 1e-3
S_PER_HOUR = 3600.0
M_PER_KM = 1e3
W_PER_MW = 1e-3
