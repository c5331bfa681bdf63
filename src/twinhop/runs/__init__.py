"""Worlds in which users move, and migration policies on them."""
