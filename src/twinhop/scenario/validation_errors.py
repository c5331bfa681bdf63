"""Validation errors of the schema in the words of the person who wrote the file: file, line, field, fix."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from twinhop.errors import InputError
from twinhop.text import suggestion

MOST_ERRORS = 10
"""More errors than this are counted, not listed."""
LONGEST_VALUE = 60

Path = tuple[str | int, ...]


def input_error(
    error: ValidationError, model: type[BaseModel], where: Callable[[Collection[Path]], dict[Path, str]]
) -> InputError:
    """One error that lists what is wrong, in the order of the fields.

    Args:
        error: what pydantic found.
        model: the model that was validated.
        where: gives for paths the place to name before the field, such as `city.yaml:12`.

    Returns:
        The error to raise.
    """
    details = error.errors(include_url=False, include_context=True)
    listed = [(_path(detail), _message(detail, model)) for detail in details]
    shown = listed[:MOST_ERRORS]
    places = where([path for path, _ in shown])
    shown.sort(key=lambda entry: _line(places[entry[0]]))
    lines = [f"{places[path]}: {'.'.join(map(str, path))}{': ' if path else ''}{text}" for path, text in shown]
    if len(listed) > len(shown):
        lines.append(f"and {len(listed) - len(shown)} more")
    return InputError("\n".join(lines))


def _line(place: str) -> int:
    line = place.rpartition(":")[2]
    return int(line) if line.isdigit() else 0


def _path(detail: ErrorDetails) -> Path:
    """The field's path in the file: without the markers of unions and of keys."""
    location = tuple(part for part in detail["loc"] if not (isinstance(part, str) and part[:1] + part[-1:] in _MARKERS))
    return location + tuple(detail.get("ctx", {}).get("path", ()))


_MARKERS = ("<>", "[]")


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        path = _path(detail)
        accepted = _accepted_fields(model, path[:-1])
        return f"unknown field; {suggestion(str(path[-1]), accepted)}accepted: {', '.join(accepted)}"
    if kind == "scenario":
        return context["message"]
    if kind == "literal_error":
        return _choice_message(detail)
    if kind == "float_type" and "<number>" in detail["loc"]:
        return "must be a number or a distribution such as {uniform: [lo, hi]}" + _got(detail["input"])
    for kinds, text in _EXPECTATIONS.items():
        if kind in kinds:
            return text.format(**{name: _bound(value) for name, value in context.items()}) + _got(detail["input"])
    return detail["msg"][:1].lower() + detail["msg"][1:] + _got(detail["input"])


_EXPECTATIONS: dict[tuple[str, ...], str] = {
    ("greater_than",): "must be greater than {gt}",
    ("greater_than_equal",): "must be {ge} or greater",
    ("less_than",): "must be less than {lt}",
    ("less_than_equal",): "must be {le} or less",
    ("finite_number",): "must be a finite number",
    ("float_type", "float_parsing"): "must be a number",
    ("int_type", "int_parsing", "int_from_float", "int_parsing_size"): "must be a whole number",
    ("bool_type", "bool_parsing"): "must be true or false",
    ("string_type",): "must be text",
    ("model_type", "dict_type", "model_attributes_type"): "must be a mapping of fields",
    ("tuple_type", "list_type"): "must be a list",
    ("too_long",): "must hold at most {max_length} entries",
}


def _bound(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, float) else value


def _got(value: Any) -> str:
    if isinstance(value, dict | list | tuple | BaseModel):
        return "" if isinstance(value, BaseModel) else f" (got {'a mapping' if isinstance(value, dict) else 'a list'})"
    text = "nothing" if value is None else repr(value)
    return f" (got {text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + '...'})"


def _choice_message(detail: ErrorDetails) -> str:
    expected = detail.get("ctx", {})["expected"].replace("'", "").replace(" or ", ", ")
    hint = suggestion(str(detail["input"]), expected.split(", "))
    return f"must be one of {expected}{_got(detail['input'])}{'; ' + hint.strip() if hint else ''}"


def _accepted_fields(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields accepted at a path of the model."""
    models = [model]
    for part in path:
        if isinstance(part, int):
            continue
        fields = [field for each in models for name, field in each.model_fields.items() if part in (name, field.alias)]
        models = [model for field in fields for model in _models_in(field.annotation)]
    return [field.alias or name for each in models for name, field in each.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
