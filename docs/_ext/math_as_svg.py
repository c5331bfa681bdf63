"""Formulas as inline SVG drawn by Matplotlib: the pages need neither LaTeX to build nor a network to read."""

import re
from html import escape
from typing import Any

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

#: A formula's em against the text's: the maths font is drawn a little smaller than the page's font.
EM = 0.95
#: Room around a formula, in hundredths of its em.
MARGIN = 2.0
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
#: Where mathtext leaves out a thin space of TeX's: around a sum or minimum with its limits, and before other functions.
_INDEX = r"[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\w)"
AFTER_LIMITS = re.compile(rf"(\\sum(?:{_INDEX})*|\\(?:min|max)(?:{_INDEX})+)")
BEFORE_NAME = re.compile(rf"(?<=[\w)}}])\s*\\(sum|log|ln|exp|sin|cos|min(?={_INDEX})|max(?={_INDEX}))(?![a-z])")
#: What takes limits above and below; within a line of text they go to the side.
LIMITED = re.compile(rf"\\(sum|min|max)(?={_INDEX})")


def svg(formula: str, *, scale: float = 1.0) -> str:
    """One line of TeX as an SVG element; its baseline meets that of the text."""
    layout = TextToPath()
    font = FontProperties(size=layout.FONT_SCALE, math_fontfamily="stix")
    text = f"${formula}$"
    try:
        width, height, descent = layout.get_text_width_height_descent(text, font, ismath=True)
        vertices, codes = layout.get_text_path(font, text, ismath=True)
    except ValueError as error:
        raise ExtensionError(f"formula {formula!r}: {error}") from None
    box = (-MARGIN, descent - height - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN)
    em = scale * EM / layout.FONT_SCALE
    return (
        f'<svg class="math" role="img" aria-label="{escape(formula, quote=True)}" '
        f'style="width:{box[2] * em:.3f}em;height:{box[3] * em:.3f}em;vertical-align:{-(descent + MARGIN) * em:.3f}em" '
        f'viewBox="{" ".join(f"{edge:.1f}" for edge in box)}"><path d="{_path(Path(vertices, codes))}"/></svg>'
    )


def _path(outline: Path) -> str:
    """The outline in SVG's language, where y points down."""
    if len(outline.vertices) == 0:
        return ""
    return "".join(_segment(code, points) for points, code in outline.iter_segments(simplify=False, curves=True))


def _segment(code: int, points: Any) -> str:
    if code == Path.CLOSEPOLY:
        return LETTERS[code]
    return LETTERS[code] + " ".join(f"{x:.1f} {-y:.1f}" for x, y in points.reshape(-1, 2))


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(svg(LIMITED.sub(r"{\\\1}", _one_line(node.astext()))))
    raise nodes.SkipNode


def _display(translator: Any, node: nodes.math_block) -> None:
    lines = [line.strip() for line in node.astext().split(r"\\") if line.strip()]
    large = [_one_line(line).replace(r"\frac", r"\dfrac") for line in lines]
    rows = "".join(f"<div>{svg(line, scale=1.1)}</div>" for line in large)
    translator.body.append(f'<div class="math">{rows}</div>')
    raise nodes.SkipNode


def _one_line(formula: str) -> str:
    """The formula in one line, with the thin spaces around operators that TeX sets by itself and mathtext does not."""
    line = " ".join(formula.split())
    return BEFORE_NAME.sub(r"\\,\\\1", AFTER_LIMITS.sub(r"\1\\,", line))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("svg", (_inline, None), (_display, None))
    app.config.html_math_renderer = "svg"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
