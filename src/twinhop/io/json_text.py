"""JSON that someone gave us: strict, and with errors that name the line."""

import json
from typing import Any, NoReturn

from twinhop.errors import InputError


def parse_json(text: str, name: str) -> Any:
    """The value of a JSON text.

    Args:
        text: JSON (RFC 8259); NaN and Infinity, which JSON does not know, are refused.
        name: of the file, for messages.

    Raises:
        InputError: the text is not JSON; the message names file and line.

    >>> parse_json("[1, null]", "a.json")
    [1, None]
    """

    def refuse(word: str) -> NoReturn:
        raise InputError(f"{name}: {word} is not JSON; write null where there is no number")

    try:
        return json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{name}: not usable: nested too deeply") from None
    except ValueError as error:  # whole numbers of thousands of digits
        raise InputError(f"{name}: not usable: {error}") from None
