"""Every link of the documentation leads somewhere: between pages as written, and in the pages as built."""

import re
import subprocess
import sys

import links
import pytest
from blocks import ROOT
from docutils.nodes import make_id
from markdown_it import MarkdownIt
from myst_parser.mdit_to_docutils.base import default_slugify

DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not {"_generated", "_build"} & set(path.parts))
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


def anchors(page):
    """What a page can be linked to by: its headings down to the third, and its targets."""
    text = page.read_text(encoding="utf-8")
    tokens = MarkdownIt().parse(re.sub(r"^\$\$.*?^\$\$", "", text, flags=re.MULTILINE | re.DOTALL))
    titles = [
        "".join(part.content for part in inline.children if part.type in ("text", "code_inline"))
        for heading, inline in zip(tokens, tokens[1:], strict=False)
        if heading.type == "heading_open" and heading.tag in ("h1", "h2", "h3")
    ]
    slugs = {slug(title) for title in titles for slug in (default_slugify, make_id)}
    return slugs | set(re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_links_between_pages_lead_somewhere(page):
    text = re.sub(r"^```\w.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.findall(text):
        if re.match(r"\w+:", link) or link.startswith("<"):
            continue
        address, _, anchor = link.partition("#")
        target = (page.parent / address).resolve() if address else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_links_that_lead_nowhere_are_seen(tmp_path):
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="#top"></a><a href="#gone"></a><a href="b.html#x"></a><a href="b.html#y"></a>'
        '<a href="c.html"></a><img src="d.png"><a href="https://example.org/"></a>'
    )
    (tmp_path / "b.html").write_text('<p id="x"></p>')
    assert links.broken(tmp_path) == ["a.html: #gone", "a.html: b.html#y", "a.html: c.html", "a.html: d.png"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("html")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", str(DOCS), str(folder)]
    subprocess.run(command, check=True)
    return folder


@pytest.mark.slow
def test_no_link_of_the_built_pages_leads_nowhere(built):
    assert links.broken(built) == []


def linked(html, text):
    """Where the name on a page leads: the addresses of its links."""
    inside = rf"(?:<code[^>]*>)?(?:<span[^>]*>)?{re.escape(text)}<"
    return set(re.findall(rf'<a class="reference internal" href="([^"]+)"[^>]*>{inside}', html))


@pytest.mark.slow
def test_every_function_and_test_of_the_papers_page_is_a_link_to_it(built):
    html, code = ((built / name).read_text(encoding="utf-8") for name in ("paper.html", "paper-code.html"))
    source = (DOCS / "paper.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"`(twinhop(?:\.\w+)+)`", source)):
        (address,) = linked(html, name)
        assert address.partition("#")[2] == name
    for name in set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", source)):
        (address,) = linked(html, name)
        page, _, target = address.partition("#")
        assert page == "paper-code.html" and f'id="{target}"' in code
