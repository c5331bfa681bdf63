"""`twinhop policies`, the lines of presets, and the panels of the help."""

import json
from importlib.metadata import EntryPoint

import pytest
from every_command import commands

from twinhop import names
from twinhop.cli.main import PANELS, program
from twinhop.migration.policy import policy_choice
from twinhop.placement import solve
from twinhop.placement.policy import placement_policy
from twinhop.plans.planning import make_case
from twinhop.runs.policy_lines import policy_lines
from twinhop.scenario.presets.presets import preset_lines


@pytest.mark.parametrize("kind", ["placement", "migration"])
def test_every_policy_has_a_line(kind, run):
    lines = policy_lines(kind)
    wanted = names.placement_policy_names() if kind == "placement" else names.migration_policy_names()
    assert [each.name for each in lines] == wanted
    assert all(each.line and "\n" not in each.line and not each.problem for each in lines)
    printed = run("policies").out
    for each in lines:
        assert any(line.split()[:1] == [each.name] and each.line in line for line in printed.splitlines())


def test_what_is_printed_of_settings_is_accepted(run):
    """Each line of settings names a policy as commands take it."""
    placement, migration = run("policies").out.split("migration: ")
    for part, accept in ((placement, placement_policy), (migration, policy_choice)):
        written = [line.strip() for line in part.splitlines() if "=" in line and " " not in line.strip()]
        assert written
        for text in written:
            accept(text)


def test_certified_are_those_whose_plans_come_with_a_certificate():
    problem = make_case("family(8, 3)", None).problem
    for each in policy_lines("placement"):
        if each.name in names.PLACEMENT_POLICIES:
            assert each.certifies == (solve(problem, each.name).certificate is not None), each.name


def test_json_has_the_same(run):
    answer = json.loads(run("policies", "--json").out)
    assert answer.pop("schema_version") == 1
    assert set(answer) == {"placement", "migration"}
    (expected,) = [each for each in answer["migration"] if each["name"] == "expected"]
    assert expected["settings"]["refresh"]["default"] == 20 and expected["package"] == "twinhop"


def test_a_policy_of_another_package_that_does_not_load_says_so(run, monkeypatch):
    broken = EntryPoint("broken", "no_such_module:policy", names.PLACEMENT_ENTRY_POINTS)
    for module in ("twinhop.names", "twinhop.runs.policy_lines", "twinhop.placement.policy"):
        monkeypatch.setattr(
            f"{module}.entry_points", lambda group, **_: [broken] if group == broken.group else [], raising=True
        )
    done = run("policies")
    assert done.code == 0
    assert "broken" in done.out and "cannot be loaded: ModuleNotFoundError: No module named" in done.out
    assert "of another package" in done.out
    (line,) = [each for each in policy_lines("placement") if each.name == "broken"]
    assert line.certifies is None


@pytest.mark.parametrize("options", [(), ("--benchmark",)])
def test_every_preset_has_a_line(options, run):
    lines = preset_lines(benchmark=bool(options))
    assert all(len(line) > 20 and line.endswith(".") for line in lines.values())
    printed = run("scenario", "presets", *options).out.splitlines()
    assert len(printed) == len(lines)
    assert [line.split("   ")[0].strip() for line in printed] == list(lines)
    told = json.loads(run("scenario", "presets", *options, "--json").out)["presets"]
    assert {each["name"]: each["about"] for each in told} == lines


def test_help_groups_the_commands(run, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = run("--help").out
    places = [text.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    assert all(command.rich_help_panel in PANELS for command in program().commands.values())
    assert "policies" in commands()
