"""A result as a small piece of static HTML, for notebooks: no script, no style sheet, nothing from outside.

Colours are those of the page around it, so that it is read on light and on dark pages; rules and small print are half
transparent. Styles are inline and change nothing else on the page.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

#: Rows of a table that are shown, fewer where the whole would be longer than `LONGEST`.
ROWS = (20, 10, 5, 2, 1)
#: The longest piece [bytes of UTF-8], and with it the most tables, notes and characters of a cell and of a sentence.
LONGEST = 30_000
MOST_TABLES, MOST_NOTES, CELL, SENTENCE = 6, 5, 60, 600

_OUTSIDE = "max-width:100%;overflow-x:auto;color:inherit;font-size:13px;line-height:1.45"
_TITLE = "font-weight:600;font-size:15px"
_SMALL = "opacity:.75;font-size:12px"
_TABLE = "border-collapse:collapse;border:0;margin:.6em 0;width:auto;color:inherit;background:transparent"
_CAPTION = "caption-side:top;text-align:left;padding:0 0 2px;font-weight:600;color:inherit"
_RULE = "border:0;border-bottom:1px solid rgba(128,128,128,.5)"
_CELL = "padding:2px 14px 2px 0;white-space:nowrap;text-align:"
#: What no XML can hold.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Table:
    """A table of cells that are words already.

    Attributes:
        header: a name a column.
        rows: a cell a column each; the first column stands to the left, the others to the right.
        caption: a line above it.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


@dataclass(frozen=True)
class Summary:
    """What there is to say of a result in a few lines.

    Attributes:
        title: what it is.
        line: its size and settings, in small print.
        sentences: what it says, certificate and gap first; words between backticks are set as code.
        tables: its numbers.
        notes: what is worth knowing, warnings and sources, in small print.
    """

    title: str
    line: str = ""
    sentences: Sequence[str] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()


def html_of(summary: Summary) -> str:
    """The HTML of a summary, well-formed as XML too, of at most `LONGEST` bytes; what is left out is counted."""
    for most_rows in ROWS:
        text = _html(summary, most_rows)
        if len(text.encode()) <= LONGEST:
            return text
    return _html(Summary(summary.title, summary.line, summary.sentences), 0)


def _html(summary: Summary, most_rows: int) -> str:
    parts = [f'<div style="{_TITLE}">{_text(summary.title, SENTENCE)}</div>']
    if summary.line:
        parts.append(f'<div style="{_SMALL}">{_text(summary.line, SENTENCE)}</div>')
    parts += [f'<div style="margin:.4em 0">{_sentence(each)}</div>' for each in summary.sentences[:MOST_NOTES]]
    parts += [_table(each, most_rows) for each in summary.tables[:MOST_TABLES]]
    parts += _more(len(summary.tables) - MOST_TABLES, "table")
    parts += [f'<div style="{_SMALL}">{_sentence(each)}</div>' for each in summary.notes[:MOST_NOTES]]
    parts += _more(len(summary.notes) - MOST_NOTES, "note")
    return f'<div style="{_OUTSIDE}">\n' + "\n".join(parts) + "\n</div>"


def _more(count: int, noun: str) -> list[str]:
    if count <= 0:
        return []
    return [f'<div style="{_SMALL}">... {count} more {noun}{"" if count == 1 else "s"}</div>']


def _table(table: Table, most_rows: int) -> str:
    lines = [f'<table style="{_TABLE}">']
    if table.caption:
        lines.append(f'<caption style="{_CAPTION}">{_sentence(table.caption)}</caption>')
    if any(table.header):
        cells = "".join(_cell("th", at, name) for at, name in enumerate(table.header))
        lines.append(f'<thead><tr style="{_RULE}">{cells}</tr></thead>')
    lines.append("<tbody>")
    for row in table.rows[:most_rows]:
        cells = "".join(_cell("td", at, cell) for at, cell in enumerate(row))
        lines.append(f'<tr style="border:0">{cells}</tr>')
    if len(table.rows) > most_rows:
        more = f"... {len(table.rows) - most_rows} more"
        lines.append(f'<tr style="border:0"><td colspan="{len(table.header)}" style="{_CELL}left">{more}</td></tr>')
    return "\n".join([*lines, "</tbody></table>"])


def _cell(tag: str, at: int, text: str) -> str:
    side = "right" if at else "left"
    scope = ' scope="col"' if tag == "th" else ""
    return f'<{tag}{scope} style="{_CELL}{side}">{_text(text, CELL)}</{tag}>'


def _sentence(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", _text(text, SENTENCE))


def _text(text: str, longest: int) -> str:
    """Text of anybody's as text: nothing of it is markup."""
    clean = _CONTROLS.sub("\ufffd", text)
    return escape(clean if len(clean) <= longest else clean[: longest - 3] + "...")
