"""Numbers and tables in Markdown."""

from collections.abc import Iterable, Sequence


def percent(value: float | None) -> str:
    """A share as a percentage, or a dash."""
    if value is None:
        return "-"
    return f"{100 * value:.3f} %" if abs(value) < 0.01 else f"{100 * value:.2f} %"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, numbers to the right; bars in names do not divide cells."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|"]
    return lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
