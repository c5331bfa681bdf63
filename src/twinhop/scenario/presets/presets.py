"""Named presets: scenario files that come with the package, those of the benchmark set, and the family."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.io import yaml_io
from twinhop.names import BENCHMARK_CITIES, benchmark_files, first_sentence, preset_files
from twinhop.scenario.presets.benchmark_set.tasks import CITIES, benchmark_names, benchmark_scenario, benchmark_text
from twinhop.scenario.presets.family import FAMILY_FORM, FAMILY_LINE, family_by_name, is_family_name
from twinhop.scenario.schema.scenario import Scenario
from twinhop.text import suggestion

_SUFFIX = ".yaml"


def preset_names() -> tuple[str, ...]:
    """The names of the presets that come as files, sorted; family(N, M) and the benchmark set are understood besides.

    >>> "lu2021-n100-m10" in preset_names()
    True
    """
    return tuple(preset_files())


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
    return preset_files()[name].read_text(encoding="utf-8")


def preset_lines(*, benchmark: bool = False) -> dict[str, str]:
    """The presets by name, and what each one is, in a line.

    Args:
        benchmark: those of the benchmark set in place of the others.

    >>> preset_lines()["city-small"].startswith("A generated city district: 20 hexagonal sites")
    True
    """
    if not benchmark:
        lines = {name: first_sentence(preset_text(name)) for name in preset_names()}
        return {**lines, FAMILY_FORM: FAMILY_LINE}
    own = {name: first_sentence(benchmark_text(name)) for name in benchmark_files()}
    return {name: {**own, **BENCHMARK_CITIES}[name] for name in benchmark_names()}
