"""Whether a behaviour model can learn what it is given to learn, told when a twin is made."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.twin.behaviour.model import BehaviourModel
from twinhop.twin.behaviour.registry import BEHAVIOUR_MODELS


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
