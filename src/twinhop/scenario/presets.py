"""Named presets: scenario files that come with the package, and the family."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from twinhop.errors import InputError
from twinhop.scenario import yaml_io
from twinhop.scenario.complaints import suggestion
from twinhop.scenario.family import FAMILY_FORM, family_by_name, is_family_name
from twinhop.scenario.schema import Scenario

_SUFFIX = ".yaml"


@cache
def preset_names() -> tuple[str, ...]:
    """The names of the presets that come as files, sorted; family(N, M) is understood besides.

    >>> "lu2021-n100-m10" in preset_names()
    True
    """
    entries = (files("twinhop.scenario") / "preset_files").iterdir()
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in entries if entry.name.endswith(_SUFFIX)))


def is_preset(name: str) -> bool:
    """Whether the name asks for a preset, the family included."""
    return name in preset_names() or is_family_name(name)


def preset(name: str) -> Scenario:
    """The preset of this name.

    Args:
        name: one of `preset_names()`, or `family(N, M)` with optional `capacity=K` and `deadlines=on`.

    Returns:
        The scenario.

    Raises:
        InputError: if there is no such preset.

    >>> preset("family(1000, 50, capacity=30)").stations.capacity_users
    30
    """
    if is_family_name(name):
        return family_by_name(name)
    names = preset_names()
    if name not in names:
        raise InputError(f"{name}: unknown preset; {suggestion(name, names)}presets: {', '.join(names)}, {FAMILY_FORM}")
    return Scenario.model_validate(yaml_io.read_yaml(preset_text(name), name + _SUFFIX))


def preset_text(name: str) -> str:
    """The commented file of a preset that is not of the family.

    >>> preset_text("city-small").splitlines()[1]
    'schema_version: 1'
    """
    return (files("twinhop.scenario") / "preset_files" / (name + _SUFFIX)).read_text(encoding="utf-8")
