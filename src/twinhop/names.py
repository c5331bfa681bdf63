"""Names of policies, presets and configurations: where what they name lives, for what must know them at once.

Nothing heavy is imported, so that a shell can complete them and `twinhop doctor` can list them where little else works.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

#: Built-in placement policies, imported when first asked for; packages offer others through the entry point group.
PLACEMENT_POLICIES = {
    "nearest": "twinhop.placement.policies.nearest:nearest",
    "random": "twinhop.placement.policies.random:random",
    "random_association": "twinhop.placement.policies.random:random_association",
    "least_loaded": "twinhop.placement.policies.least_loaded:least_loaded",
    "greedy": "twinhop.placement.policies.greedy:greedy",
    "local_search": "twinhop.placement.policies.local_search:local_search",
    "lagrangian": "twinhop.placement.policies.lagrangian:lagrangian",
    "exact": "twinhop.placement.policies.exact:exact",
}
PLACEMENT_ENTRY_POINTS = "twinhop.policies"
#: Those of them that come with a certificate.
CERTIFYING = ("lagrangian", "exact")
#: Built-in migration policies: modules with a `KIND`.
MIGRATION_POLICIES = {
    name: f"twinhop.migration.policies.{name}"
    for name in (
        "stay",
        "follow_nearest",
        "expected",
        "hysteresis",
        "utility_literal",
        "utility",
        "replan",
        "myopic",
        "lookahead",
        "mdp_threshold",
    )
}
MIGRATION_ENTRY_POINTS = "twinhop.migration_policies"
#: The two tasks of the benchmark set whose cities are no files of the package, and what they are.
BENCHMARK_CITIES = {
    "bench-place-melbourne": "Melbourne, by the files of EUA: 125 sites, 816 users.",
    "bench-move-san-francisco": "San Francisco at noon, by the files of its taxis: two hours, slots of a minute.",
}
_HERE = Path(__file__).parent
_YAML = ".yaml"


def placement_policy_names() -> list[str]:
    """The names of all placement policies, built-in ones first.

    >>> placement_policy_names()[0]
    'nearest'
    """
    return [*PLACEMENT_POLICIES, *_others(PLACEMENT_ENTRY_POINTS, PLACEMENT_POLICIES)]


def migration_policy_names() -> list[str]:
    """The names of all migration policies, built-in ones first.

    >>> migration_policy_names()[0]
    'stay'
    """
    return [*MIGRATION_POLICIES, *_others(MIGRATION_ENTRY_POINTS, MIGRATION_POLICIES)]


def _others(group: str, built_in: dict[str, str]) -> list[str]:
    return sorted({point.name for point in entry_points(group=group)} - built_in.keys())


@cache
def preset_files() -> dict[str, Path]:
    """The presets that come as files, by name."""
    return _yaml_files("scenario/presets/files")


@cache
def benchmark_files() -> dict[str, Path]:
    """The scenarios of the benchmark set that come as files, by name."""
    return _yaml_files("scenario/presets/benchmark_set/files")


@cache
def training_files() -> dict[str, Path]:
    """The configurations of training that come with the package, by name."""
    return _yaml_files("learn/configs")


def training_worlds() -> Path:
    """The folder of the scenarios that configurations of the package are trained in."""
    return _HERE / "learn/configs/worlds"


def benchmark_names() -> tuple[str, ...]:
    """The tasks of the benchmark set: those of placement, then those of migration; each kind by name, its city last."""
    names = (*benchmark_files(), *BENCHMARK_CITIES)
    return tuple(name for prefix in ("bench-place-", "bench-move-") for name in names if name.startswith(prefix))


def _yaml_files(folder: str) -> dict[str, Path]:
    return {path.stem: path for path in sorted((_HERE / folder).glob(f"*{_YAML}"))}


def first_sentence(text: str) -> str:
    r"""The first sentence of the comment that a file begins with.

    >>> first_sentence("# Small: 20 users,\n# 4 stations. Only to try.\nname: small")
    'Small: 20 users, 4 stations.'
    """
    comment = re.match(r"(?:#.*\n)*", text)
    words = " ".join(line.removeprefix("#").strip() for line in (comment[0] if comment else "").splitlines())
    return re.split(r"(?<=\.)\s", words, maxsplit=1)[0]
