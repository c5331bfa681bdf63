"""What shells complete, by the machinery that they use: variables of the environment, one process a key."""

import os
import subprocess
import sys
import time

import pytest

from twinhop.cli import completion
from twinhop.cli.completion import VALUES

HEAVY = {"numpy", "numba", "pydantic_core", "polars", "matplotlib", "jax"}


def complete(line, shell="bash"):
    """The values that a shell is offered for the last word of a line."""
    words = line.split(" ")
    if shell == "bash":
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_TWINHOP_COMPLETE": "complete_bash"}
    else:
        asked = {"_TYPER_COMPLETE_ARGS": line, "_TWINHOP_COMPLETE": "complete_zsh"}
    code = "import sys; sys.argv = ['twinhop']; from twinhop.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    lines = done.stdout.replace("_arguments '*: :((", "").replace("))'", "").splitlines()
    return [each.strip('"').partition('"')[0] for each in lines]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("twinhop plan city-", ["city-large", "city-small"]),
        ("twinhop plan city-small --policy la", ["lagrangian"]),
        ("twinhop compare city-small --policies nearest,la", ["nearest,lagrangian"]),
        ("twinhop simulate city-small --policies stay,foll", ["stay,follow_nearest"]),
        ("twinhop benchmark --policies greedy,mad", ["greedy,maddpg"]),
        ("twinhop benchmark --tasks mig", ["migration"]),
        ("twinhop benchmark --tasks placement,bench-move-san", ["placement,bench-move-san-francisco"]),
        ("twinhop train lu", ["lu2021-flat", "lu2021-literal"]),
        ("twinhop reproduce lu2021 --algorithms literal,s", ["literal,structured"]),
        ("twinhop scenario new a.yaml --preset proto", ["proto-n100-m10"]),
        ("twinhop import sf-cells --preset sf", ["sf-taxis-midday"]),
        ("twinhop world city-small --animate m", ["mp4"]),
        ("twinhop pol", ["policies"]),
    ],
)
def test_values_are_completed(shell, line, expected):
    assert complete(line, shell) == expected


def test_none_is_offered_twice():
    offered = complete("twinhop compare city-small --policies nearest,")
    assert "nearest,greedy" in offered and "nearest,nearest" not in offered


def test_completing_is_fast_and_imports_nothing_heavy():
    code = f"""
import sys
from twinhop.cli.main import program
program()
from twinhop.cli.completion import VALUES
for values in VALUES.values():
    list(values.completions(""))
print(*({HEAVY!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.slow
def test_a_key_takes_less_than_0_4_s_of_the_processor():
    complete("twinhop plan ci")
    before = os.times().children_user
    started = time.perf_counter()
    complete("twinhop compare city-small --policies nearest,la")
    assert os.times().children_user - before < 0.4, time.perf_counter() - started


def test_the_words_are_those_that_commands_accept():
    """They are written down for speed; each has its home elsewhere."""
    from twinhop.cli.import_files import IMPORTERS
    from twinhop.placement.formats import FORMATS
    from twinhop.replay.options import BEHAVIOUR_MODELS, SYNC_POLICIES
    from twinhop.scenario.files.csv_import import PRESETS
    from twinhop.scenario.importers.sf_taxis import MIGRATION_PRESET
    from twinhop.scenario.mobility import MOBILITY_MODELS
    from twinhop.studies.lu2021.setting import PAPER
    from twinhop.studies.lu2021.unit import ALGORITHMS
    from twinhop.studies.policy_transfer.shifts import SHIFTS

    assert tuple(MOBILITY_MODELS) == completion.MOBILITY
    assert tuple(shift.name for shift in SHIFTS) == completion.SHIFTS
    assert {setting.name for setting in PAPER} == set(completion.SETTINGS)
    assert set(ALGORITHMS) == set(completion.ALGORITHMS)
    assert set(SYNC_POLICIES) == set(completion.SYNC)
    assert set(BEHAVIOUR_MODELS) == set(completion.BEHAVIOUR)
    assert tuple(FORMATS) == completion.PROBLEM_FORMATS
    assert PRESETS == completion.CONSTANTS
    assert "sf-cells" in IMPORTERS and MIGRATION_PRESET == "sf-taxis-midday"


def test_every_preset_and_task_that_is_offered_is_one():
    from twinhop.scenario.presets.benchmark_set import benchmark_tasks
    from twinhop.scenario.presets.benchmark_set.tasks import CITIES
    from twinhop.scenario.presets.presets import has_text, is_preset

    assert all(is_preset(name) and has_text(name) for name in VALUES["source"].words())
    assert {task.name for task in benchmark_tasks()} == set(VALUES["tasks"].words()) - set(completion.TASKS)
    from twinhop.names import BENCHMARK_CITIES

    assert BENCHMARK_CITIES.keys() == CITIES.keys()
