"""Options that limit how much a re-plan changes, and how they are read."""

from typing import Annotated

import typer

from twinhop.errors import InputError

MaxMoves = Annotated[
    str | None,
    typer.Option(metavar="K", help="How many twins may leave their hosts in --from at most.", show_default=False),
]
MaxServerChanges = Annotated[
    str | None,
    typer.Option(
        metavar="K", help="How many servers may be opened or shut, against --from, at most.", show_default=False
    ),
]


def whole_number(text: str | None, name: str) -> int | None:
    """The number that an option states, None where it is not given.

    Args:
        text: as typed.
        name: what it is called in messages.

    Raises:
        InputError: it is no whole number.

    >>> whole_number("12", "max moves")
    12
    """
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{name}: got '{text}'; expected a whole number >= 0") from None
