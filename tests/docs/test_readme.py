"""What README and documentation show works as shown."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
from blocks import ROOT, blocks, pages
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.placement.problem_file import OPTIONAL, REQUIRED
from twinhop.scenario import parse_scenario

STATIONS = "id,lat,lon,capacity_users,cpu_gcycles_per_s\nnorth,59.9230,10.7520,40,16\nsouth,59.9100,10.7460,40,12\n"
USERS = "id,lat,lon\nada,59.9205,10.7500\nbob,59.9122,10.7441\ncem,59.9168,10.7493\n"


def run_twinhop(line: str) -> None:
    """Run a command line of twinhop in this process and this folder; it must succeed."""
    done = CliRunner().invoke(app, shlex.split(line), catch_exceptions=False)
    assert done.exit_code == 0, done.output


def command_lines(page: Path) -> list[str]:
    """The lines of the page's sh blocks that call twinhop; comments and redirections cut off."""
    lines = [line for block in blocks(page, "sh") for line in block.splitlines()]
    return [re.split(r" [#>] ?", line)[0].strip() for line in lines if line.startswith("twinhop ")]


COMMANDS = sorted({line for page in pages() for line in command_lines(page)})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder that holds every file the commands name."""
    monkeypatch.chdir(tmp_path)
    Path("stations.csv").write_text(STATIONS)
    Path("users.csv").write_text(USERS)
    Path("harbour.yaml").write_text(blocks(ROOT / "README.md", "yaml")[0])
    run_twinhop("scenario new city.yaml")
    run_twinhop("import csv --stations stations.csv --users users.csv --out town.yaml")
    run_twinhop("plan lu2021-n80-m5 --policy nearest --dump-problem own.npz")
    return tmp_path


def test_commands_are_found():
    assert len(COMMANDS) > 10


@pytest.mark.parametrize("line", COMMANDS)
def test_command_line_works(line, folder):
    for made in re.findall(r"(?:scenario new|--out) (\S+\.yaml)", line):
        Path(made).unlink(missing_ok=True)
    run_twinhop(line.removeprefix("twinhop "))


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        exec(compile(block, str(page), "exec"), {})


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_yaml_blocks_are_scenarios(page):
    for block in blocks(page, "yaml"):
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
    names = {re.split(r"[\[<>=~ ]", entry)[0] for entry in listed}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", page, re.MULTILINE)) - {"package"} == names


def test_every_field_of_the_answer_is_explained():
    page = (ROOT / "docs" / "problem-files.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z_]+)`", page.partition("## The answer")[2]))
    assert set(twinhop.plan("lu2021-n80-m5", policy="nearest").to_json()) <= explained


def test_every_array_of_a_problem_file_is_explained():
    page = (ROOT / "docs" / "problem-files.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_]+)` \| (?:\(|scalar)", page, re.MULTILINE)) == {*REQUIRED, *OPTIONAL}
