"""Texts of anybody's as text of HTML."""

import re
from html import escape
from typing import Any

#: Characters of a text, at most.
LONGEST = 2_000
#: Characters that are no text, or that turn the direction of what follows.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def text(value: Any) -> str:
    """Anything as text of HTML: nothing of it is markup, and none of it turns the line that it stands in.

    >>> text("<b> & 'c'"), len(text("\u202e"))
    ('&lt;b&gt; &amp; &#x27;c&#x27;', 1)
    """
    clean = _CONTROLS.sub("\ufffd", str(value))
    return escape(clean if len(clean) <= LONGEST else f"{clean[: LONGEST - 3]}...")
