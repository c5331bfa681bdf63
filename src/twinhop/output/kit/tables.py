"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

#: Columns of a table of spreads, as fields of `to_json` name them.
SPREAD = ("mean", "p5", "p50", "p95", "max")


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many significant digits, or a dash.

    >>> number(1234.5678), number(None)
    ('1235', '-')
    """
    return "-" if value is None else f"{value:.{digits}g}"


def percent(value: float | None) -> str:
    """A share as a percentage with two digits after the point, three below 1 %; or a dash.

    >>> percent(0.12345), percent(0.0012345), percent(None)
    ('12.35 %', '0.123 %', '-')
    """
    if value is None:
        return "-"
    return f"{100 * value:.3f} %" if abs(value) < 0.01 else f"{100 * value:.2f} %"


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
    """Lines of a Markdown table, numbers to the right; bars in names do not divide cells."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|"]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]


def source_lines(attribution: Sequence[str]) -> list[str]:
    """The section that names the sources of the data, which goes wherever results go."""
    return ["## Sources", "", *(f"- {source}" for source in attribution), ""] if attribution else []


def note_lines(notes: Iterable[str]) -> list[str]:
    """A paragraph a note."""
    return [line for note in notes for line in (f"Note: {note}.", "")]


def to_text(lines: Iterable[str]) -> str:
    """The lines of a report, without blank ones at its end."""
    return "\n".join(lines).rstrip("\n") + "\n"
