"""The page as one file of HTML: the data, the bundle that draws them, and what is seen without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from twinhop._version import __version__
from twinhop.output.page.fallback import fallback
from twinhop.output.page.plain_text import text

#: What the file begins with, by which it is known.
BEGINNING = "<!doctype html>\n<!-- twinhop report -->"
#: Of the page without its script, behind the styles of the bundle.
FALLBACK_CSS = """
svg[role="img"] { max-width: 100%; height: auto; }
"""


@cache
def _bundle(name: str) -> str:
    """A file of the bundle, whose hash the page states."""
    content = (files("twinhop.output.page") / "bundle" / name).read_text(encoding="utf-8").replace("\r\n", "\n")
    closing = "</script" if name.endswith(".js") else "</style"
    if closing in content.lower() or "<!--" in content:
        raise ValueError(f"{name}: ends the element of the page that it stands in")
    return content


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def html_page(packed: bytes, document: Mapping[str, Any]) -> str:
    """The file: it opens from a disk, asks for nothing outside, and runs no script but the bundle's.

    Args:
        packed: the data as `container.packed` gives them.
        document: the same as `container.unpacked` reads them, checked by `check.check_page`.
    """
    script, style = _bundle("report.js"), _bundle("report.css") + FALLBACK_CSS
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"script-src {_hash(script)}",
            f"style-src {_hash(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return f"""{BEGINNING}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="twinhop {text(__version__)}">
<title>{text(document["title"])}</title>
<style>{style}</style>
</head>
<body>
<main id="page">
{fallback(document)}
</main>
<script id="data" type="text/plain">{base64.b64encode(packed).decode()}</script>
<script>{script}</script>
</body>
</html>
"""
