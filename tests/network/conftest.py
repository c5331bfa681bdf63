"""Hypothesis without a time limit an example: the first call of a JAX operation compiles it."""

from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
