"""Every behaviour model, by its kind, and whether one can learn what it is given to learn."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.twin.behaviour.constant_acceleration import ConstantAcceleration
from twinhop.twin.behaviour.constant_velocity import ConstantVelocity
from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.markov_chain import MarkovChain
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.next_station import NextStation
from twinhop.twin.behaviour.reverting_velocity import RevertingVelocity
from twinhop.twin.behaviour.seasonal import Seasonal
from twinhop.twin.behaviour.trend import Trend

BEHAVIOUR_MODELS: dict[str, type[BehaviourModel]] = {
    "constant_velocity": ConstantVelocity,
    "constant_acceleration": ConstantAcceleration,
    "reverting_velocity": RevertingVelocity,
    "level": Level,
    "trend": Trend,
    "seasonal": Seasonal,
    "markov_chain": MarkovChain,
    "next_station": NextStation,
}


def require_suitable(model: BehaviourModel, where: str, what: str, *, of_categories: bool, entries: int) -> None:
    """Refuse a model of another kind or width than what it is to learn.

    Args:
        model: any.
        where: what to name first in the error.
        what: what it is to learn, for the error.
        of_categories: whether that is a category, and not numbers.
        entries: how many numbers that is, or how many categories.

    Raises:
        InputError: the model is of the other kind, or of another width.
    """
    if (model.of_categories, model.entries) == (of_categories, entries):
        return
    kinds = ", ".join(kind for kind, each in BEHAVIOUR_MODELS.items() if each.of_categories == of_categories)
    accepted = f"{_amount(of_categories, entries)}: {kinds}"
    raise InputError(
        f"{where}: {model.kind} predicts {_amount(model.of_categories, model.entries)}, which {what} is not; "
        f"accepted: a model of {accepted}"
    )


def _amount(of_categories: bool, entries: int) -> str:
    if of_categories:
        return f"one of {entries} categories"
    return "1 number" if entries == 1 else f"{entries} numbers"
