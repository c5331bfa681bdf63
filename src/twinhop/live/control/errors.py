"""What the controller refuses."""

from twinhop.errors import InputError, TwinhopError


class UnknownRecord(InputError):
    """There is no such plan or move, or it is so old that it is no longer kept."""


class Conflict(TwinhopError):
    """What is asked for does not fit the state that a plan or the controller is in."""
