"""The paper's page: every function and test that it names is a link, to its documentation and to its code."""

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

DOCS = Path(__file__).parents[1]
#: The page whose names are links, and the one that has what is documented nowhere else.
PAGE, CODE = "paper", "paper-code"
#: The pages of the reference.
REFERENCE = ("python.md", "python-parts.md")
FUNCTION = re.compile(r"twinhop(?:\.\w+)+")
WAY_BACK = re.compile(r'<a class="viewcode-back"[^>]*>.*?</a>')
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
WHOLE_MODULE = re.compile(r"automodule:: ([\w.]+)\n   :members:\n   :imported-members:")
SINGLE = re.compile(r"auto(?:function|class|exception):: ([\w.]+)")


def label(file: str, name: str) -> str:
    """The target of a test."""
    return f"code-{Path(file).stem}-{name}".replace("_", "-").lower()


def functions(page: str) -> list[str]:
    """The functions that a page names and the reference does not have."""
    reference = "".join((DOCS / name).read_text(encoding="utf-8") for name in REFERENCE)
    elsewhere, modules = set(SINGLE.findall(reference)), set(WHOLE_MODULE.findall(reference))
    names = sorted(set(re.findall(rf"`({FUNCTION.pattern})`", page)))
    return [name for name in names if name not in elsewhere and name.rpartition(".")[0] not in modules]


def write_code(folder: Path) -> None:
    """Write the directives of the page of code: functions with their documentation, tests with their lines."""
    page = (DOCS / f"{PAGE}.md").read_text(encoding="utf-8")
    directives = "\n".join(f".. {_directive(name)}:: {name}" for name in functions(page))
    (folder / "paper_functions.md").write_text(f"```{{eval-rst}}\n{directives}\n```\n", encoding="utf-8")
    tests = sorted(set(re.findall(rf"`{TEST.pattern}`", page)))
    (folder / "paper_tests.md").write_text("\n".join(_test(*each) for each in tests), encoding="utf-8")


def _directive(name: str) -> str:
    parent, _, last = name.rpartition(".")
    try:
        owner: Any = importlib.import_module(parent)
    except ModuleNotFoundError:
        owner = pkgutil.resolve_name(parent)
    if inspect.isclass(owner):
        return "automethod"
    return "autoclass" if inspect.isclass(getattr(owner, last)) else "autofunction"


def _test(file: str, name: str) -> str:
    """A test: its target, its name and its lines, decorators included."""
    text = (DOCS.parent / file).read_text(encoding="utf-8")
    tests = {each.name: each for each in ast.parse(text).body if isinstance(each, ast.FunctionDef)}
    if name not in tests:
        raise LookupError(f"docs/{PAGE}.md: {file} has no test named {name}")
    test = tests[name]
    first = min([test.lineno, *(each.lineno for each in test.decorator_list)])
    lines = "\n".join(text.splitlines()[first - 1 : test.end_lineno])
    return f"({label(file, name)})=\n`{file}::{name}`\n\n````python\n{lines}\n````\n"


def _link(app: Sphinx, doctree: nodes.document) -> None:
    """Make references of the names on the page."""
    if app.env.docname != PAGE:
        return
    for literal in list(doctree.findall(nodes.literal)):
        text = literal.astext()
        test = TEST.fullmatch(text)
        if test:
            target = {"refdomain": "std", "reftype": "ref", "reftarget": label(*test.groups()), "refexplicit": True}
        elif FUNCTION.fullmatch(text):
            target = {"refdomain": "py", "reftype": "obj", "reftarget": text, "refexplicit": True}
        else:
            continue
        if isinstance(literal.parent, nodes.reference):
            continue
        reference = addnodes.pending_xref("", refdoc=PAGE, refwarn=True, **target)
        literal.replace_self(reference)
        reference += literal


def _no_way_back(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Take the links "[docs]" off pages of source: they name what is re-exported by its home, where nothing is."""
    if name.startswith("_modules/"):
        context["body"] = WAY_BACK.sub("", context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the links."""
    app.connect("doctree-read", _link)
    app.connect("html-page-context", _no_way_back)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
