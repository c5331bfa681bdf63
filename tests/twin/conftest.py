"""Hypothesis without a time limit an example (the first call of a compiled loop compiles it) and with fixed seeds."""

from hypothesis import settings

settings.register_profile("twin", deadline=None, derandomize=True)
settings.load_profile("twin")
