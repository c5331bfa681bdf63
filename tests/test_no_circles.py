"""No import goes in a circle, those inside functions and for type checkers included, and every room has its layer."""

import ast
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
#: What every layer may use, and what uses no layer.
FLOOR = {"errors", "extras", "highs", "io", "own_code", "processes", "result", "stats", "streams", "text"}
FLOOR |= {"compile_time", "diagnosis", "failures", "own_watch", "jit", "jit_cache", "jit_key", "names"}
#: The package itself: it names its parts in a stub and imports none of them.
FACE = {"__init__", "__main__", "_version"}


def module_files(source):
    """The file of every module below the folder, by dotted name."""
    files = {}
    for path in source.rglob("*.py"):
        parts = path.relative_to(source).with_suffix("").parts
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def imported_names(module, path):
    """Dotted names that the file may import: `from a import b` gives both `a.b`, where that is a module, and `a`."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((f"{base}.{alias.name}", base) for alias in node.names)


def import_graph(source):
    """The modules that each module imports, wherever in the file."""
    files = module_files(source)
    graph = {}
    for module, path in files.items():
        names = (name if name in files else base for name, base in imported_names(module, path))
        graph[module] = {name for name in names if name in files and name != module}
    return graph


def circle(graph):
    """One circle of imports, its first module repeated at the end, or None."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None


@pytest.fixture(scope="module")
def graph():
    return import_graph(SOURCE)


def test_no_import_goes_in_a_circle(graph):
    found = circle(graph)
    assert found is None, "imports go in a circle: " + " imports ".join(found)


def test_the_graph_holds_the_whole_package(graph):
    assert {"twinhop.placement.solve", "twinhop.cli.main", "twinhop.units"} <= set(graph)
    assert "twinhop.placement.problem" in graph["twinhop.placement.evaluation"]
    assert sum(map(len, graph.values())) > 2 * len(graph)


@pytest.mark.parametrize(
    "back",
    [
        "from made.one import name\n",
        "import made.one\n",
        "from made import one\n",
        "from . import one\n",
        "from .one import name\n",
        "def function():\n    from made.one import name\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from made.one import name\n",
    ],
)
def test_a_circle_is_seen_wherever_the_import_stands(tmp_path, back):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "__init__.py").write_text("")
    (tmp_path / "made" / "one.py").write_text("from made import two\nname = two\n")
    (tmp_path / "made" / "two.py").write_text("from made.three import name\n")
    (tmp_path / "made" / "three.py").write_text("name = 1\n")
    assert circle(import_graph(tmp_path)) is None
    (tmp_path / "made" / "three.py").write_text(back + "name = 1\n")
    found = circle(import_graph(tmp_path))
    assert set(found) == {"made.one", "made.two", "made.three"} and len(found) == 4
    graph = import_graph(tmp_path)
    assert all(second in graph[first] for first, second in zip(found, found[1:], strict=False))


def top_names():
    """The folders and modules that lie directly in the package."""
    return {
        path.stem for path in (SOURCE / "twinhop").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }


def layers():
    """The layers of import-linter's contract, from above to below."""
    (contract,) = (
        contract
        for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    return contract["layers"]


def test_every_room_has_its_layer():
    assert sorted(layers()) == sorted(top_names() - FLOOR - FACE)
    assert FLOOR < top_names()


def test_the_floor_uses_no_layer(graph):
    above = [
        f"{module} imports {name}"
        for module, names in graph.items()
        for name in names
        if module.split(".")[1:2]
        and module.split(".")[1] in FLOOR
        and name.split(".")[1:2]
        and name.split(".")[1] in layers()
    ]
    assert above == []
