"""What holds for the options of all commands."""

from __future__ import annotations

from typing import Any

from twinhop.errors import InputError


def refuse_empty(parameter: Any) -> None:
    """Let an option or argument that is a path refuse an empty text, which would mean the working folder."""
    kind = getattr(parameter, "type_descriptor", None) or getattr(parameter, "type", None)
    if "Path" not in repr(getattr(kind, "annotation", kind)):
        return
    convert, name = parameter.process_value, parameter.opts[0]

    def checked(context: Any, value: Any) -> Any:
        if "" in (value if isinstance(value, list | tuple) else [value]):
            raise InputError(f"{name}: is empty; expected a path, as ./name (is a variable not set?)")
        return convert(context, value)

    parameter.process_value = checked
