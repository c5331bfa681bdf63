"""docs/paper.md has every equation, line, figure and reading, and what it names exists."""

import ast
import pkgutil
import re

import pytest
from blocks import ROOT

import twinhop
from twinhop.learn.literal import LiteralConfig
from twinhop.scenario.schema.readings import SWITCHABLE_ROWS

PAGE = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
SECTIONS = {text.partition("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]}
FUNCTION = re.compile(r"`(twinhop(?:\.\w+)+)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows(section):
    return [line for line in SECTIONS[section].splitlines() if re.match(r"\| (\d|Fig|Table|Section)", line)]


def numbers(section):
    """The numbers in the first cells of a section's tables."""
    return [int(number) for line in rows(section) for number in re.findall(r"\d+", line.split("|")[1])]


def test_every_equation_has_a_row():
    assert numbers("Equations") == list(range(1, 35))


@pytest.mark.parametrize(("section", "lines"), [("Algorithm 1", 19), ("Algorithm 2", 11), ("Algorithm 3", 11)])
def test_every_line_has_a_row(section, lines):
    (name,) = (each for each in SECTIONS if each.startswith(section))
    assert sorted(numbers(name)) == list(range(1, lines + 1))


def test_every_figure_has_a_row():
    named = [line.split("|")[1].strip() for line in rows("Figures and tables")]
    assert named == [
        *(f"Fig. {at}" for at in range(1, 7)),
        "Table I",
        "Section VI",
        "Table II",
        *(f"Fig. {at}" for at in range(7, 11)),
    ]


def test_every_row_names_a_function_and_a_test():
    for section in SECTIONS:
        for line in rows(section):
            assert FUNCTION.search(line) or "| the same |" in line, line
            assert TEST.search(line), line


@pytest.mark.parametrize("name", sorted(set(FUNCTION.findall(PAGE))))
def test_function_exists(name):
    parent, _, last = name.rpartition(".")
    assert callable(getattr(pkgutil.resolve_name(parent), last))


@pytest.mark.parametrize(("file", "name"), sorted(set(TEST.findall(PAGE))))
def test_test_exists(file, name):
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_reading_is_explained_and_named_where_it_stands():
    readings = (ROOT / "docs" / "readings.md").read_text(encoding="utf-8")
    entries = [int(row) for row in re.findall(r"^\| (\d+) \| (?:Eq|Sec|Alg|Fig)", readings, re.MULTILINE)]
    assert sorted(entries) == list(range(1, 27))
    assert set(SWITCHABLE_ROWS) < set(entries)
    named = {int(row) for text in re.findall(r"rows? ([\d, ]+)", PAGE) for row in re.findall(r"\d+", text)}
    assert named == set(range(1, 27))


def test_no_page_denies_what_there_is():
    for path in sorted((ROOT / "docs").glob("*.md")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        assert not re.search(r"not in this version|this version does not have", text), path.name


@pytest.mark.parametrize("name", ["lu2021-n80-m5", "lu2021-n80-m10", "lu2021-n100-m5", "lu2021-n100-m10"])
def test_table_ii_is_that_of_presets_and_learner(name):
    scenario = twinhop.load(name)
    users, stations = map(int, re.findall(r"[nm](\d+)", name))
    assert (scenario.users.generate.count, scenario.stations.generate.count) == (users, stations)
    assert (scenario.radio.bandwidth_mhz, scenario.radio.noise_dbm_per_hz) == (20, -174)
    assert scenario.users.tx_power_w == 0.2
    assert (scenario.area.width_m, scenario.area.height_m) == (1500, 1500)
    cpu = scenario.stations.cpu_gcycles_per_s
    assert list(cpu.uniform) == [8, 24]
    constants = LiteralConfig()
    assert (constants.gamma, constants.batch, constants.actor_rate) == (0.7, 32, 1e-3)
    config = (ROOT / "src" / "twinhop" / "learn" / "configs" / "lu2021-literal.yaml").read_text(encoding="utf-8")
    assert "iterations: 5000" in config
