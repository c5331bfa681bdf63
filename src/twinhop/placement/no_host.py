"""What stands for the host of a user that has none."""

NOBODY = -1
"""Stands for the host of a user that has none."""
CLOSED = -2
"""Stands for the present host of a user whose station there is no more."""
