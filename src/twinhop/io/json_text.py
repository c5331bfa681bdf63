"""JSON, strict: texts that someone gave us, with errors that name the line, and files that are whole or not there."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from twinhop.errors import InputError
from twinhop.io.file_kind import read_content
from twinhop.io.files import replacing

#: Larger JSON files than those written here are refused [byte].
LARGEST_JSON_BYTES = 256 * 2**20


def parse_json(text: str, name: str, parse_float: Callable[[str], Any] = float) -> Any:
    """The value of a JSON text.

    Args:
        text: JSON (RFC 8259); NaN and Infinity, which JSON does not know, are refused.
        name: of the file, for messages.
        parse_float: makes a value of the text of a number that is not written as a whole one.

    Raises:
        InputError: the text is not JSON; the message names file and line.

    >>> parse_json("[1, null]", "a.json")
    [1, None]
    """

    def refuse(word: str) -> NoReturn:
        raise InputError(f"{name}: {word} is not JSON; write null where there is no number")

    try:
        return json.loads(text, parse_constant=refuse, parse_float=parse_float)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}:{error.lineno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(f"{name}: not usable: nested too deeply") from None
    except ValueError as error:  # whole numbers of thousands of digits
        raise InputError(f"{name}: not usable: {error}") from None


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text(json_text(value), encoding="utf-8")


def json_text(value: Any, indent: int | None = 1) -> str:
    """A value as the text of a JSON file; without an indent on one line.

    JSON (RFC 8259) knows no infinity and no NaN: such numbers are written as null.

    >>> json_text({"cost": float("inf"), "gap": [0.5, float("nan")]}, indent=None).strip()
    '{"cost": null, "gap": [0.5, null]}'
    """
    try:
        return json.dumps(value, indent=indent, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_finite(value), indent=indent, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    """The value with None in place of every float that is not finite."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value


def read_json(path: Path) -> Any:
    """Read a JSON file that was written here.

    Raises:
        InputError: it is missing or no JSON.
    """
    return parse_json(read_content(path, "a JSON file", LARGEST_JSON_BYTES).decode(), str(path))
