"""Named presets: scenario files that come with the package, those of the benchmark set, and the family."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from twinhop.errors import InputError
from twinhop.io import yaml_io
from twinhop.scenario.presets.benchmark_set.tasks import CITIES, benchmark_names, benchmark_scenario, benchmark_text
from twinhop.scenario.presets.family import FAMILY_FORM, family_by_name, is_family_name
from twinhop.scenario.schema.scenario import Scenario
from twinhop.text import suggestion

_SUFFIX = ".yaml"


@cache
def preset_names() -> tuple[str, ...]:
    """The names of the presets that come as files, sorted; family(N, M) and the benchmark set are understood besides.

    >>> "lu2021-n100-m10" in preset_names()
    True
    """
    entries = (files("twinhop.scenario.presets") / "files").iterdir()
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in entries if entry.name.endswith(_SUFFIX)))


def is_preset(name: str) -> bool:
    """Whether the name asks for a preset, the family and the benchmark set included."""
    return name in preset_names() or name in benchmark_names() or is_family_name(name)


def has_text(name: str) -> bool:
    """Whether the name is that of a preset that comes as a file, those of the benchmark set included."""
    return name in preset_names() or (name in benchmark_names() and name not in CITIES)


def preset(name: str) -> Scenario:
    """The preset of this name.

    Args:
        name: one of `preset_names()` or of the benchmark set, or `family(N, M)` with optional `capacity=K` and
            `deadlines=on`.

    Returns:
        The scenario.

    Raises:
        InputError: if there is no such preset, or it is a city whose data are no part of this package.

    >>> preset("family(1000, 50, capacity=30)").stations.capacity_users
    30
    """
    if is_family_name(name):
        return family_by_name(name)
    if name in CITIES:
        city = CITIES[name]
        raise InputError(
            f"{name}: needs {' and '.join(city.files)}, which are no part of twinhop; run "
            f"`twinhop benchmark --data DIR`, or make a scenario by `{city.importer}`"
        )
    if name in benchmark_names():
        return benchmark_scenario(name)
    names = preset_names()
    if name not in names:
        hint = suggestion(name, (*names, *benchmark_names()))
        raise InputError(f"{name}: unknown preset; {hint}presets: {', '.join(names)}, {FAMILY_FORM}")
    return Scenario.model_validate(yaml_io.read_yaml(preset_text(name), name + _SUFFIX))


def preset_text(name: str) -> str:
    """The commented file of a preset that comes as one.

    >>> preset_text("city-small").splitlines()[1]
    'schema_version: 1'
    """
    if name in benchmark_names():
        return benchmark_text(name)
    return (files("twinhop.scenario.presets") / "files" / (name + _SUFFIX)).read_text(encoding="utf-8")
