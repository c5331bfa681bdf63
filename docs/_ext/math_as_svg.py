"""Formulas as inline SVG drawn by Matplotlib: the pages need neither LaTeX to build nor a network to read."""

from html import escape

from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

#: Glyphs are laid out at this size and scaled in em, so that formulas follow the size of the text.
SIZE_PT = 100.0
#: A formula's em against the text's: the maths font is drawn a little smaller than the page's font.
EM = 0.95
MARGIN = 2.0
LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}


def svg(formula: str, *, scale: float = 1.0) -> str:
    """One line of TeX as an SVG element; its baseline meets that of the text."""
    layout, font = TextToPath(), FontProperties(size=SIZE_PT, math_fontfamily="stix")
    text = f"${formula}$"
    try:
        width, height, descent = layout.get_text_width_height_descent(text, font, ismath=True)
        vertices, codes = layout.get_text_path(font, text, ismath=True)
    except ValueError as error:
        raise ExtensionError(f"formula {formula!r}: {error}") from None
    path = _path(Path(vertices, codes)) if len(vertices) else ""
    grow = scale * EM * SIZE_PT / layout.FONT_SCALE / SIZE_PT
    width, height, descent = (value * layout.FONT_SCALE / SIZE_PT for value in (width, height, descent))
    box = (-MARGIN, descent - height - MARGIN, width + 2 * MARGIN, height + 2 * MARGIN)
    return (
        f'<svg class="math" role="img" aria-label="{escape(formula, quote=True)}" '
        f'style="width:{box[2] * grow:.3f}em;height:{box[3] * grow:.3f}em;'
        f'vertical-align:{-(descent + MARGIN) * grow:.3f}em" '
        f'viewBox="{box[0]:.1f} {box[1]:.1f} {box[2]:.1f} {box[3]:.1f}"><path d="{path}"/></svg>'
    )


def _path(path: Path) -> str:
    """The outline in SVG's language, where y points down."""
    return "".join(
        LETTERS[code]
        + ("" if code == Path.CLOSEPOLY else " ".join(f"{x:.1f} {-y:.1f}" for x, y in points.reshape(-1, 2)))
        for points, code in path.iter_segments(simplify=False, curves=True)
    )


def _inline(translator, node: nodes.math) -> None:
    translator.body.append(svg(_one_line(node.astext())))
    raise nodes.SkipNode


def _display(translator, node: nodes.math_block) -> None:
    lines = [line.strip() for line in node.astext().split(r"\\") if line.strip()]
    rows = "".join(f"<div>{svg(_one_line(line), scale=1.1)}</div>" for line in lines)
    translator.body.append(f'<div class="math">{rows}</div>')
    raise nodes.SkipNode


def _one_line(formula: str) -> str:
    return " ".join(formula.split())


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("svg", (_inline, None), (_display, None))
    app.config.html_math_renderer = "svg"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
