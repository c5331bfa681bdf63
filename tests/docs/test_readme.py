"""What README and documentation show works as shown."""

import json
import re
import shutil
import tomllib
from pathlib import Path

import polars as pl
import pytest
from blocks import ROOT, blocks
from outputs import blocks_of, commands_of, pages

import twinhop
from twinhop.cli.import_files import IMPORTERS
from twinhop.live.serve import load_config
from twinhop.output.plans.plan import infeasible_answer
from twinhop.placement import FORMATS, InfeasibleProblem
from twinhop.placement.problem_file import OPTIONAL, REQUIRED
from twinhop.plans.describe import describe
from twinhop.plans.ids import STATION_KEYS, USER_KEYS
from twinhop.plans.planning import make_case
from twinhop.scenario import parse_scenario
from twinhop.scenario.distribution.field import KINDS

PROBLEM_PAGE, IMPORTER_PAGE = ROOT / "docs" / "problem-files.md", ROOT / "docs" / "importers.md"


COMMANDS = {
    command.text
    for page in pages()
    for block in blocks_of(page.read_text(encoding="utf-8"))
    if block.language in ("sh", "console")
    for command in commands_of(block)
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """A folder that holds every file the commands read."""
    made = tmp_path_factory.mktemp("sources")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        for page in (ROOT / "README.md", ROOT / "docs" / "scenario.md"):
            for block in blocks(page, "yaml"):
                Path(f"{parse_scenario(block, page.name).name}.yaml").write_text(block)
        Path("problem.json").write_text(blocks(PROBLEM_PAGE, "json")[0])
        Path("depots.txt").write_text(next(text for text in blocks(IMPORTER_PAGE, "text") if text.startswith("2 3")))
    return made


@pytest.fixture
def folder(sources, tmp_path, monkeypatch):
    """A working folder of its own with those files."""
    shutil.copytree(sources, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


#: Pages whose YAML configures a server.
OF_SERVERS = ("serve", "operate-live")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_yaml_blocks_are_scenarios_or_configure_a_server(page, tmp_path):
    for block in blocks(page, "yaml"):
        if page.stem in OF_SERVERS:
            (tmp_path / "serve.yaml").write_text(block, encoding="utf-8")
            load_config(tmp_path / "serve.yaml")
        else:
            parse_scenario(block, page.name)


def test_readme_python_is_about_ten_lines():
    (block,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in block.splitlines() if line]) <= 12


def test_links_of_readme_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_dependency_is_explained():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    listed += [entry for extra in project["project"]["optional-dependencies"].values() for entry in extra]
    names = {re.split(r"[\[<>=~ ]", entry)[0] for entry in listed} - {"twinhop"}  # which an extra of all extras names
    of_page = json.loads((ROOT / "web" / "package.json").read_text(encoding="utf-8"))
    names |= {*of_page["dependencies"], *of_page["devDependencies"]}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9@/, -]+) \|", page, re.MULTILINE)
    assert {name for row in rows for name in row.split(", ")} - {"package"} == names


def fields(value):
    """The names of all fields of a JSON value, of objects within too, but for the ids beside indices."""
    if isinstance(value, dict):
        ids = {name for key, name in (STATION_KEYS | USER_KEYS).items() if key in value}
        return (set(value) - ids - {f"{name}s" for name in ids}).union(*map(fields, value.values()))
    return set().union(*map(fields, value)) if isinstance(value, list) else set()


def explained(page, heading):
    """What stands in code in that section of the page."""
    section = page.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([a-z0-9_]+)`", section))


def test_every_field_of_the_answer_is_explained(tmp_path, folder):
    plans = [
        twinhop.plan("quays.yaml"),
        twinhop.plan("harbour.yaml", policy="random"),
        twinhop.plan(literally("lu2021-n80-m5")),
        twinhop.plan("problem.json", policy="exact"),
    ]
    for number, plan in enumerate(plans):
        plan.save(tmp_path / f"out{number}")
        answer = json.loads((tmp_path / f"out{number}" / "placement.json").read_text())
        known = explained(PROBLEM_PAGE, "The answer") | explained(PROBLEM_PAGE, "The certificate")
        assert fields(plan.to_json()) <= fields(answer) <= known
    assert {"update_utilisation", "rows"} <= set().union(*(fields(plan.to_json()) for plan in plans))


def literally(name):
    scenario = twinhop.load(name)
    readings = scenario.readings.model_copy(update={"rows": {2: "literal", 15: "literal"}})
    return scenario.model_copy(update={"readings": readings})


def test_every_field_of_a_proof_is_explained():
    case = make_case("family(20, 2, capacity=5)")
    with pytest.raises(InfeasibleProblem) as raised:
        twinhop.plan(case.problem)
    answer = infeasible_answer(case, "lagrangian", raised.value.proof)
    assert fields(answer) <= explained(PROBLEM_PAGE, "The answer")


@pytest.mark.parametrize("kind", ["deadline", "capacity", "demand", "forbidden"])
def test_every_kind_of_violation_is_explained(kind):
    assert kind in explained(PROBLEM_PAGE, "The answer")


def test_every_column_of_the_users_is_explained(tmp_path, folder):
    twinhop.plan("rush-hour.yaml", policy="nearest").save(tmp_path / "out")
    columns = set(pl.read_parquet(tmp_path / "out" / "associations.parquet").columns)
    assert columns == explained(PROBLEM_PAGE, "The table of users")


def test_every_field_of_a_comparison_is_explained():
    comparison = twinhop.compare("lu2021-n80-m5", ["nearest", "greedy"])
    assert fields(comparison.to_json()) <= explained(PROBLEM_PAGE, "The answer of a comparison")


@pytest.mark.parametrize("name", ["rush-hour.yaml", "quays.yaml"])
def test_every_fact_of_a_description_is_explained(name, folder):
    facts = describe(twinhop.load(name)).to_json()
    known = explained(ROOT / "docs" / "scenario.md", "A look before solving") | set("mean min max p5 p50 p95".split())
    assert fields({**facts, "classes": None}) <= known


def test_the_json_problem_is_complete_and_planned_as_the_page_says(folder):
    problem = json.loads(Path("problem.json").read_text())
    assert set(problem) == {*REQUIRED, *OPTIONAL} - {"weight", "currency"}  # with weights demands would be users
    plan = twinhop.plan("problem.json", policy="exact")
    assert plan.feasible and plan.solution.placement.host.tolist() == [0, 0, 1]
    assert plan.gap == pytest.approx(0, abs=1e-6)


def test_the_facility_location_file_costs_what_the_page_says(folder):
    plan = twinhop.plan("depots.txt", policy="exact", problem_format="sscflp")
    assert f"The cost of {plan.cost:g} is the first" in IMPORTER_PAGE.read_text(encoding="utf-8")
    assert plan.gap == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", IMPORTERS)
def test_every_importer_has_a_row_and_a_command(name):
    page = IMPORTER_PAGE.read_text(encoding="utf-8")
    assert f"| `{name}` |" in page
    assert any(line.startswith(f"twinhop import {name} ") for line in COMMANDS)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_of_problem_files_is_named(name):
    assert name in explained(PROBLEM_PAGE, "JSON for other tools")


@pytest.mark.parametrize("key", KINDS)
def test_every_distribution_has_a_row(key):
    page = (ROOT / "docs" / "scenario.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `\{{{key}: ", page, re.MULTILINE)


def test_every_array_of_a_problem_file_is_explained():
    page = (ROOT / "docs" / "problem-files.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_]+)` \| (?:\(|scalar|text)", page, re.MULTILINE)) == {*REQUIRED, *OPTIONAL}


def test_every_part_is_on_the_python_page():
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"automodule:: twinhop\.(\S+)", page))
    parts = {"placement", "formulation", "twin", "scenario", "scenario.importers", "network", "stats", "units"}
    assert documented == parts
