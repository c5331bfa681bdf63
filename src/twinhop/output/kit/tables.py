"""Numbers and tables in Markdown, and tables as CSV and LaTeX."""

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twinhop.units import cost_number

#: Columns of a table of policies paired with a reference; see `pair_cells`.
PAIRS_HEADER = ("policy", "difference", "95 % interval", "wins/ties/losses", "chance")
#: What a cell begins with that spreadsheets compute, and the texts among them that are numbers.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
_SIGNED_NUMBER = re.compile(r"[+-](\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
#: Columns of a table of spreads, as fields of `to_json` name them.
SPREAD = ("mean", "p5", "p50", "p95", "max")


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits, or a dash.

    >>> number(1234.5678), number(None)
    ('1235', '-')
    """
    return "-" if value is None else f"{value:.{digits}g}"


def cost_cell(value: float | None, unit: str = "", digits: int = 4, *, signed: bool = False) -> str:
    """A cost as `cost_number` has it, or a dash.

    >>> cost_cell(1234.5678), cost_cell(1234.5678, "EUR/month"), cost_cell(None, "EUR/month")
    ('1235', '1234.57', '-')
    """
    return "-" if value is None else cost_number(value, unit, digits, signed=signed)


def percent(value: float | None, *, signed: bool = False) -> str:
    """A share as a percentage with two digits after the point, three below 1 %; or a dash.

    >>> percent(0.12345), percent(0.0012345), percent(None), percent(0.12345, signed=True)
    ('12.35 %', '0.123 %', '-', '+12.35 %')
    """
    return "-" if value is None else f"{_percent_number(value, signed)} %"


def _percent_number(value: float, signed: bool = False) -> str:
    return f"{100 * value:{'+' if signed else ''}.{3 if abs(value) < 0.01 else 2}f}"


def percent_interval(interval: Sequence[float | None] | None, *, signed: bool = False) -> str:
    """Both ends of an interval as `percent` has them, with one unit; an end that is None is infinite, two a dash.

    >>> percent_interval((0.01, 0.125)), percent_interval((0.5, None)), percent_interval((None, None))
    ('1.00 to 12.50 %', '50.00 to ∞ %', '-')
    """
    if interval is None or all(end is None for end in interval):
        return "-"
    return f"{' to '.join('∞' if end is None else _percent_number(end, signed) for end in interval)} %"


def pair_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The cells of one policy against the reference."""
    return (
        row["policy"],
        percent(row["difference"], signed=True),
        percent_interval(row["difference_interval"], signed=True),
        f"{row['wins']}/{row['ties']}/{row['losses']}",
        f"{row['sign_test']:.2g}",
    )


def share(value: float | None) -> str:
    """A share as a percentage with three significant digits, or a dash.

    >>> share(0.125), share(None)
    ('12.5 %', '-')
    """
    return "-" if value is None else f"{100 * value:.3g} %"


def change(value: float | None) -> str:
    """A share as a percentage with its sign, or a dash.

    >>> change(0.125), change(-0.5), change(None)
    ('+12.5 %', '-50.0 %', '-')
    """
    return "-" if value is None else f"{100 * value:+.1f} %"


def spread_row(label: str, values: Mapping[str, float | None]) -> tuple[str, ...]:
    """A label, and mean, percentiles and maximum; see `SPREAD`."""
    return (label, *(number(values[column]) for column in SPREAD))


def single_row(label: str, value: str) -> tuple[str, ...]:
    """A label and one value, in a table of spreads."""
    return (label, value, *[""] * (len(SPREAD) - 1))


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, numbers to the right; bars in names do not divide cells, and no name is HTML."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|"]
    return lines + ["| " + " | ".join(_as_written(cell) for cell in row) + " |" for row in rows]


def _as_written(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")


def source_lines(attribution: Sequence[str]) -> list[str]:
    """The section that names the sources of the data, which goes wherever results go."""
    return ["## Sources", "", *(f"- {source}" for source in attribution), ""] if attribution else []


def note_lines(notes: Iterable[str]) -> list[str]:
    """A paragraph a note."""
    return [line for note in notes for line in (f"Note: {note}.", "")]


def failed_rows(policies: Iterable[str], columns: int) -> list[tuple[str, ...]]:
    """A row of a table for each policy that failed, however often.

    >>> failed_rows(["place", "place"], 3)
    [('place', 'failed', '-')]
    """
    return [(name, "failed", *["-"] * (columns - 2)) for name in dict.fromkeys(policies)]


def with_failed(rows: Iterable[Mapping[str, Any]], policies: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of policies for CSV and LaTeX with those of policies that failed, of which nothing else is known.

    Args:
        rows: of policies that gave an answer.
        policies: that failed, however often.

    Returns:
        The rows, each with ``failed``, yes or no.

    >>> with_failed([{"policy": "stay", "cost": 1.5}], ["place", "place"])
    [{'policy': 'stay', 'cost': 1.5, 'failed': False}, {'policy': 'place', 'failed': True}]
    """
    failed = [{"policy": name, "failed": True} for name in dict.fromkeys(policies)]
    return [*({**row, "failed": False} for row in rows), *failed]


def failure_section(failures: Iterable[str]) -> list[str]:
    """The section that says which policies failed in which worlds, where some did; a line each."""
    lines = [f"- {text}" for text in failures]
    return ["## Policies that failed", "", *lines, ""] if lines else []


def to_text(lines: Iterable[str]) -> str:
    """The lines of a report, without blank ones at its end."""
    return "\n".join(lines).rstrip("\n") + "\n"


#: Significant digits of the largest and the smallest number of a column in LaTeX, and digits after the point at most.
LARGEST_DIGITS, SMALLEST_DIGITS, MOST_DECIMALS = 4, 2, 6
#: The first line of a table in LaTeX.
NEEDS = r"% Needs \usepackage{booktabs}."
#: What LaTeX reads as commands, and signs that its plain fonts lack.
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "\u2212": "$-$",
    "\u221e": r"$\infty$",
    "\u00d7": r"$\times$",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u2026": r"\ldots{}",
}


def write_table(
    folder: Path, name: str, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str] | None = None
) -> None:
    """Write a table as ``name.csv`` (all columns, full precision) and ``name.tex`` (chosen columns, rounded).

    The CSV is as RFC 4180 says, in UTF-8: lines end in CR LF, and what is unknown is empty. An interval in column
    ``cost_interval`` becomes ``cost_low`` and ``cost_high``; other lists and mappings are JSON. Text that a spreadsheet
    would compute has an apostrophe before it; see `inert`. The LaTeX is a
    ``tabular`` of booktabs without caption; see `latex_table`.

    Args:
        folder: where to.
        name: of both files, without suffix.
        rows: values by column; rows may lack some.
        columns: heading of each column of the LaTeX table, in order; None: all, named as they are.
    """
    rows = list(rows)
    write_csv(folder, name, rows)
    (folder / f"{name}.tex").write_text(latex_table(rows, columns), encoding="utf-8")


def write_csv(folder: Path, name: str, rows: Sequence[Mapping[str, Any]], header: Sequence[str] | None = None) -> None:
    """Write a table that is too long for a paper as ``name.csv`` alone; see `write_table`, and `csv_text`."""
    (folder / f"{name}.csv").write_bytes(csv_text(rows, header).encode("utf-8"))


def with_percent(row: Mapping[str, Any], name: str = "gap") -> dict[str, Any]:
    """A row with one of its shares also in per cent, as ``NAME_percent``."""
    return {**row, f"{name}_percent": None if row[name] is None else 100 * row[name]}


def with_percents(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A row with some of its shares and intervals of shares also in per cent: ``NAME_percent(_interval)``.

    >>> with_percents({"gap": 0.5, "gap_interval": [0.25, None]}, ("gap", "gap_interval"))["gap_percent_interval"]
    [25.0, None]
    """
    answer = dict(row)
    for name in names:
        stem, dash, rest = name.partition("_interval")
        value = row[name]
        ends = isinstance(value, list | tuple)
        answer[f"{stem}_percent{dash}{rest}"] = [_times_100(end) for end in value] if ends else _times_100(value)
    return answer


def _times_100(value: float | None) -> float | None:
    return None if value is None else 100 * value


def csv_text(rows: Sequence[Mapping[str, Any]], header: Sequence[str] | None = None) -> str:
    """Rows as CSV; see `write_table`.

    Args:
        rows: values by column; rows may lack some.
        header: names of the columns; None: those of the rows.

    >>> csv_text([{"policy": "a,b", "gap": 0.1, "cost_interval": [1.0, 2.0], "feasible": True}]).splitlines()
    ['policy,gap,cost_low,cost_high,feasible', '"a,b",0.1,1.0,2.0,true']
    """
    flat = [dict(_flat(row)) for row in rows]
    names = list(header or dict.fromkeys(name for row in flat for name in row))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([inert(name) for name in names])
    writer.writerows([_csv_cell(row.get(name)) for name in names] for row in flat)
    return stream.getvalue()


def _flat(row: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, given in row.items():
        value = _plain(given)
        if name.endswith("_interval") and (value is None or _is_interval(value)):
            low, high = (None, None) if value is None else value
            yield f"{name.removesuffix('interval')}low", low
            yield f"{name.removesuffix('interval')}high", high
        else:
            yield name, value


def _plain(value: Any) -> Any:
    """A number of NumPy as Python's own, and tuples and arrays as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return inert(value)
    return json.dumps(value) if isinstance(value, list | dict) else str(value)


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe comes before what would begin one.

    A sign and a number is a number, and stays.

    >>> inert("=1+2"), inert("@cell"), inert("-7.5"), inert("b6")
    ("'=1+2", "'@cell", '-7.5', 'b6')
    """
    return text if not text.startswith(FORMULA_SIGNS) or _SIGNED_NUMBER.fullmatch(text) else f"'{text}"


def latex_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> str:
    r"""Rows as a ``tabular`` of LaTeX, which needs the package booktabs and no other.

    Numbers stand to the right with as many digits after the point as the others of their column, so that points are
    below each other; names are escaped. Unknown values are dashes, intervals two numbers in brackets.

    Args:
        rows: values by column; rows may lack some.
        columns: heading of each column, in order; None: all, named as they are.

    >>> print(latex_table([{"policy": "a_b", "cost": 1.25}, {"policy": "c", "cost": None}]))
    % Needs \usepackage{booktabs}.
    \begin{tabular}{lr}
    \toprule
    policy & cost \\
    \midrule
    a\_b & 1.250 \\
    c & -- \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    if columns is None:
        columns = {name: name for row in rows for name in row}
    cells, sides = [], ""
    for name in columns:
        values = [_plain(row.get(name)) for row in rows]
        cells.append(_latex_cells(values))
        sides += "r" if any(_is_number(value) or _is_interval(value) for value in values) else "l"
    lines = [
        NEEDS,
        rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule",
        _latex_row([latex_text(heading) for heading in columns.values()]),
        r"\midrule",
        *map(_latex_row, zip(*cells, strict=True)),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    r"""Text that LaTeX prints as it is, on one line.

    >>> print(latex_text("50 % of b_1"))
    50 \% of b\_1
    """
    return "".join(_ESCAPES.get(sign, sign) for sign in " ".join(str(text).split()))


def _latex_row(cells: Sequence[str]) -> str:
    line = " & ".join(cells) + r" \\"
    # After the end of a line LaTeX takes these for options of it.
    return "{}" + line if line.startswith(("[", "*")) else line


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_interval(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(each is None or _is_number(each) for each in value)


def _latex_cells(values: Sequence[Any]) -> list[str]:
    decimals = _decimals(values)
    return [_latex_cell(value, decimals) for value in values]


def _decimals(values: Sequence[Any]) -> int:
    """Digits after the point of a column: enough for its largest number, and for its smallest to be told from 0."""
    numbers = [end for value in values for end in (value if _is_interval(value) else [value]) if _is_number(end)]
    sizes = [abs(float(each)) for each in numbers if math.isfinite(each) and each != 0]
    if not sizes or all(isinstance(each, int) for each in numbers):
        return 0
    wanted = (
        LARGEST_DIGITS - 1 - math.floor(math.log10(max(sizes))),
        SMALLEST_DIGITS - 1 - math.floor(math.log10(min(sizes))),
    )
    return min(max(0, *wanted), MOST_DECIMALS)


def _latex_cell(value: Any, decimals: int) -> str:
    if value is None:
        return "--"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return _latex_number(float(value), decimals)
    if _is_interval(value):
        low, high = (_latex_cell(end, decimals) for end in value)
        return "--" if low == high == "--" else f"[{low}, {high}]"
    return latex_text(json.dumps(value) if isinstance(value, list | dict) else str(value))


def _latex_number(value: float, decimals: int) -> str:
    if math.isnan(value):
        return "--"
    sign = "$-$" if value < 0 and round(value, decimals) != 0 else ""
    return sign + (r"$\infty$" if math.isinf(value) else f"{abs(value):.{decimals}f}")
