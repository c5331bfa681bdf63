"""Configurations of training: defaults, and errors with file, line and field."""

import pytest

from twinhop.errors import InputError
from twinhop.learn.config import VALIDATION_SEED, changed, config_names, load_config, parse_config
from twinhop.scenario.presets.benchmark_set import EVALUATION_SEED

HEAD = "schema_version: 1\nname: a\nscenario: lu2021-n80-m5\n"


@pytest.mark.parametrize("name", config_names())
def test_configurations_of_the_package_are_valid_and_judged_on_seeds_kept_for_that(name):
    config, root = load_config(name)
    assert config.name == name and root.is_dir()
    assert VALIDATION_SEED <= config.evaluation.first_seed < EVALUATION_SEED
    assert config.iterations % config.evaluation.every == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "iteration: 3\n", r"a.yaml:4: iteration: unknown field; did you mean 'iterations'\?"),
        (HEAD + "structured:\n  node_with: 8\n", "a.yaml:5: structured.node_with: unknown field"),
        (HEAD + "iterations: 0\n", "a.yaml:4: iterations: "),
        (HEAD + "algorithm: best\n", "a.yaml:4: algorithm: .*structured.*literal"),
        (HEAD + "literal: {batch: 3}\n", "belongs to algorithm: literal; this run has structured"),
        (HEAD + "structured: {iterations: 3}\n", "structured.iterations: is said once"),
        (HEAD + "algorithm: literal\nopening_spread: 0.5\n", "a literal learner has one scenario"),
        ("schema_version: 1\nname: a\n", "scenario: is required"),
        ("- 1\n", "must be a mapping of fields"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text, words):
    with pytest.raises(InputError, match=words):
        parse_config(text, "a.yaml")


def test_constants_are_those_that_differ_from_the_defaults():
    config = parse_config(HEAD + "structured: {node_width: 8}\n")
    assert config.constants() == {"node_width": 8}
    assert parse_config(HEAD).constants() == {}


def test_changes_are_checked_as_files_are():
    config = parse_config(HEAD)
    assert changed(config, {"seed": 4}).seed == 4
    with pytest.raises(InputError, match="a: iterations: "):
        changed(config, {"iterations": -1})


def test_a_name_that_is_none_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(InputError, match="did you mean 'maddpg'.*configurations: "):
        load_config("madpg")
    path = tmp_path / "b.yaml"
    path.write_text(HEAD)
    assert load_config(path)[1] == tmp_path
