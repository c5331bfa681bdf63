"""A scenario as the text of a scenario file."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.io.files import replacing
from twinhop.io.text_file import LARGEST_FILE_BYTES
from twinhop.io.yaml_io import resolve_plain
from twinhop.scenario.distribution import is_distribution
from twinhop.scenario.presets import presets
from twinhop.scenario.schema.scenario import Scenario

LARGEST_PLAIN_INTEGER = 1e15
"""Whole numbers below this are written without a decimal point; all of them are exact."""

_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_YAML_1_1_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def dump_scenario(scenario: Scenario) -> str:
    """The YAML of a scenario: the required fields and those that differ from their defaults.

    Parsing the text gives an equal scenario. Stations and users take one line each.

    >>> from twinhop.scenario.presets.family import family
    >>> print(dump_scenario(family(20, 2)).splitlines()[1])
    name: family-n20-m2
    """
    value = scenario.model_dump(by_alias=True, exclude_defaults=True)
    required = {"schema_version": scenario.schema_version, "name": scenario.name}
    return "\n".join(_block({**required, **value}, "")) + "\n"


def save_scenario(scenario: Scenario, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a scenario file: under a temporary name first, so that nothing half-written is left behind.

    Args:
        scenario: the scenario.
        path: the file to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: if the file exists and may not be replaced, cannot be written, or would be too large to read.
    """
    target = Path(path)
    content = dump_scenario(scenario).encode()
    if len(content) > LARGEST_FILE_BYTES:
        limit = f"{LARGEST_FILE_BYTES // 1024**2} MiB"
        raise InputError(
            f"{target}: the scenario takes more than {limit}; list its stations and users in CSV files, or leave "
            f"labels out (--labels none)"
        )
    with replacing(target, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)


def save_preset(name: str, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a preset as a file to edit, with its comments, named after the file.

    Args:
        name: of the preset.
        path: the file to write.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: if there is no such preset, or the file exists or cannot be written.
    """
    renamed = presets.preset(name).model_copy(update={"name": Path(path).stem or name})
    text = dump_scenario(renamed)
    if presets.has_text(name):
        text = re.sub(r"(?m)^name: .*$", f"name: {_text(renamed.name)}", presets.preset_text(name), count=1)
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _block(value: dict[str, Any], indent: str) -> Iterator[str]:
    for name, field in value.items():
        key = _key(name)
        if isinstance(field, dict) and _is_large(field):
            yield f"{indent}{key}:"
            yield from _block(field, indent + "  ")
        elif isinstance(field, tuple | list) and field and isinstance(field[0], dict):
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_flow(row)}" for row in field)
        else:
            yield f"{indent}{key}: {_flow(field)}"


def _is_large(value: dict[str, Any]) -> bool:
    """Whether a mapping is written in block style: when it holds more than one level."""
    return any(isinstance(field, dict | tuple | list) for field in value.values()) and not is_distribution(value)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)}: {_flow(field)}" for key, field in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return _number(value) if isinstance(value, float) else str(value)


def _key(key: str | int) -> str:
    return _text(key) if isinstance(key, str) else str(key)


def _number(value: float) -> str:
    """The shortest decimal that reads back as the same bits, also by YAML 1.1 readers, which want a point."""
    if value.is_integer() and abs(value) < LARGEST_PLAIN_INTEGER and math.copysign(1.0, value) * value >= 0:
        return str(int(value)) if value or math.copysign(1.0, value) > 0 else "-0.0"
    text = repr(value)
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


def _text(value: str) -> str:
    is_plain = _PLAIN_TEXT.fullmatch(value) and value.lower() not in _YAML_1_1_WORDS and resolve_plain(value) == value
    return value if is_plain else json.dumps(value, ensure_ascii=False)
