"""Errors meant for the person who caused them; the command line prints their message and exits with code 2."""


class TwinhopError(Exception):
    """What went wrong, where, and what would be accepted, in words for the person at the keyboard."""


class InputError(TwinhopError):
    """Something given to twinhop (a file, a field, a name, a value) cannot be used as it is."""


class ExtrapolationWarning(UserWarning):
    """A model is used outside the range for which it was made, as the scenario allows or as its distances force."""


class PlanningWarning(UserWarning):
    """Something about a scenario is likely to be wrong: swapped columns, a unit, a position."""


class OutOfReachWarning(PlanningWarning):
    """Users whom no station reaches, or one user alone, make most of the mean latency: their positions may be wrong."""


class UnprovedBoundWarning(UserWarning):
    """A policy of one's own states a bound that nothing it returned proves."""


class ServicesLeftOutWarning(UserWarning):
    """A question is answered for the twins of users alone, without the services of the scenario."""


class WarmUpWarning(UserWarning):
    """A run of training ends before its actor begins to learn."""


class SaturationWarning(UserWarning):
    """Most outputs of the actors of a run are at their bounds, where they learn no more."""
