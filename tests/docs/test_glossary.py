"""docs/glossary.md gives the paper's symbol, the code's name and the unit of each term, and the names exist."""

import dataclasses
import inspect
import pkgutil
import re

import pytest
from blocks import ROOT

PAGE = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ENTRIES = {
    lines[0]: " ".join(lines)
    for block in re.findall(r"^```\{glossary\}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for lines in (entry.splitlines() for entry in block.strip().split("\n\n"))
}
#: The symbols of the paper's Table I, as the page sets them.
TABLE_I = (
    *("u_i", "U", "DT(u_i)", "S_i(t)", "r_1", "r_2", r"\mathcal{M}_i", r"\Delta S_i(t)", "D_i", "b_j", "B", "W"),
    *("r_{ij}", "p_i", "T_{ij}^{com}", "T_{j_1 j_2}^{com}", "T_{ij}^{cmp}", r"G(\cdot)", "A", "pl"),
    *(r"\mathcal{S}(t)", r"\mathcal{A}(t)", r"\mathcal{R}(t)"),
)


@pytest.mark.parametrize("term", ENTRIES)
def test_every_term_has_symbol_name_and_unit(term):
    assert re.search(r"\*Paper:\* .+ \*Code:\* .+ \*Unit:\* .+", ENTRIES[term])


@pytest.mark.parametrize("term", ENTRIES)
def test_every_name_is_there(term):
    code = re.search(r"\*Code:\* (.*) \*Unit:\*", ENTRIES[term])[1]
    names = re.findall(r"`(twinhop[\w.]+)`", code)
    assert names
    for name in names:
        parent, _, last = name.rpartition(".")
        owner = pkgutil.resolve_name(parent)
        assert hasattr(owner, last) or last in {field.name for field in dataclasses.fields(owner)}
    for fields, owner in re.findall(r"((?:`\w+`(?:, )?)+) of `([\w.]+)`", code):
        value = pkgutil.resolve_name(owner)
        for name in re.findall(r"\w+", fields):
            assert hasattr(value, name) or re.search(rf"\b{name}\b", inspect.getsource(inspect.getmodule(value)))


def test_every_symbol_of_table_i_has_an_entry():
    rows = re.findall(r"^\| (\$.*?\$) \| .* \| .* \|$", PAGE.partition("## Symbols of Table I")[2], re.MULTILINE)
    assert sorted(symbol for row in rows for symbol in re.findall(r"\$(.*?)\$", row)) == sorted(TABLE_I)


def test_pages_link_terms_that_are_there():
    terms = {
        line
        for block in re.findall(r"^```\{glossary\}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line and not line.startswith(" ")
    }
    used = {
        re.sub(r".*<(.*)>", r"\1", term)
        for page in (ROOT / "docs").glob("*.md")
        for term in re.findall(r"\{term\}`([^`]+)`", page.read_text(encoding="utf-8"))
    }
    assert len(used) > 15 and used <= terms
