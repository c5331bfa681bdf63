"""Every file, module and name of twinhop that a page names is there."""

import ast
import re
import tomllib

import pytest
from blocks import ROOT
from outputs import pages

from twinhop.scenario.traces.trace import METADATA_KEY

PAGES = [ROOT / "CONTRIBUTING.md", *pages(), *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
PATH = re.compile(r"src/twinhop(?:/[A-Za-z0-9_.]+)*/?")
NAME = re.compile(r"(?<![\w./-])twinhop(?:\.[A-Za-z_]\w*)+")
#: The file that CONTRIBUTING has the reader write.
TO_BE_WRITTEN = {"src/twinhop/placement/policies/fewest.py", "twinhop.placement.policies.fewest"}
#: What looks like a module and is none: groups of entry points, a key of the metadata of traces, a protocol of sockets.
OTHERS = {
    "twinhop.v1",
    *tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"],
    METADATA_KEY,
}


def names_of(statements):
    """The names that the statements at the top of a module bind, those for type checkers included."""
    for node in statements:
        match node:
            case ast.ClassDef() | ast.FunctionDef():
                yield node.name
            case ast.Import() | ast.ImportFrom():
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.Assign():
                yield from (target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.If():
                yield from names_of(node.body)


def is_there(name):
    """Whether a dotted name is a module of the package, or a name in one; nothing is imported for it."""
    folder, parts = ROOT / "src" / "twinhop", name.split(".")[1:]
    while parts and (folder / parts[0] / "__init__.py").is_file():
        folder = folder / parts.pop(0)
    if not parts:
        return True
    file = folder / f"{parts[0]}.py"
    if file.is_file():
        parts.pop(0)
    else:
        file = next(path for path in (folder / "__init__.pyi", folder / "__init__.py") if path.is_file())
    return not parts or parts[0] in names_of(ast.parse(file.read_text(encoding="utf-8")).body)


@pytest.mark.parametrize(
    "name",
    [
        "twinhop.placement",
        "twinhop.placement.evaluate",
        "twinhop.placement.tradeoff.TradeoffPoint",
        "twinhop.Plan.save",
    ],
)
def test_what_is_there_is_seen(name):
    assert is_there(name)


@pytest.mark.parametrize(
    "name", ["twinhop.experiments", "twinhop.placement.formulate", "twinhop.placement.tradeoff.Trade"]
)
def test_what_is_not_there_is_seen(name):
    assert not is_there(name)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    paths = {path.rstrip(".") for path in PATH.findall(text)} - TO_BE_WRITTEN
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    names = set(NAME.findall(text)) - TO_BE_WRITTEN - OTHERS
    assert [name for name in sorted(names) if not is_there(name)] == []
