"""Columns of a table that mean nothing to the model and are kept as labels."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from twinhop.errors import InputError
from twinhop.io.table import Table, is_unnamed
from twinhop.io.table_values import unguarded
from twinhop.scenario.column_expression import choices
from twinhop.scenario.column_names import columns_named
from twinhop.scenario.fields import LONGEST_TEXT, MOST_LABELS
from twinhop.scenario.label_names import label_of
from twinhop.text import counted, suggestion

NO_LABELS = "none"
"""What `--labels` takes where no further column is to be kept."""
_CUT = "..."


@dataclass(frozen=True)
class LabelColumns:
    """The columns that are kept as labels.

    Attributes:
        index_of: label to column.
        notes: what is said of columns and texts that are not kept whole.
    """

    index_of: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of_row(self, cells: Sequence[str]) -> dict[str, str]:
        """The labels of a row; an empty cell gives none."""
        texts = {label: label_text(cells[at]) for label, at in self.index_of.items()}
        return {label: text for label, text in texts.items() if text}


def parse_labels(text: str | None) -> tuple[str, ...] | None:
    """What `--labels` states: the columns to keep; None: all that give nothing else.

    >>> parse_labels('rent,"a, b"'), parse_labels("none"), parse_labels(None)
    (('rent', '"a, b"'), (), None)
    """
    if text is None:
        return None
    parts = tuple(part.strip() for part in choices(text) if part.strip())
    if not parts:
        raise InputError(f"--labels: names no column; {NO_LABELS} keeps none")
    return () if parts == (NO_LABELS,) else parts


def label_text(value: str) -> str:
    r"""A cell as the text of a label: one line of at most 200 characters.

    >>> label_text("Hauptstr. 1\n12345 Berlin"), len(label_text("x" * 300))
    ('Hauptstr. 1 12345 Berlin', 200)
    """
    line = " ".join("".join(each if each.isprintable() else " " for each in unguarded(value)).split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - len(_CUT)] + _CUT


def label_columns(table: Table, used: Collection[int], stated: Sequence[str] | None) -> LabelColumns:
    """The columns of a table that are kept as labels.

    Args:
        table: its cells.
        used: columns that give something else.
        stated: the columns to keep; those that this table lacks are left out; None: all that are not used.
    """
    names = table.dialect.columns
    if stated is None:
        free = [at for at, name in enumerate(names) if at not in used and not is_unnamed(name)]
    else:
        free = list(dict.fromkeys(at for each in stated for at in columns_named(each, names)))
    free = [at for at in free if any(row[at] for row in table.rows)]
    index_of: dict[str, int] = {}
    for at in free[:MOST_LABELS]:
        name = label_text(label_of(names[at]))[: LONGEST_TEXT - 5].strip() or f"column {at + 1}"
        times = next(count for count in range(1, len(names) + 2) if _numbered(name, count) not in index_of)
        index_of[_numbered(name, times)] = at
    notes = []
    if len(free) > MOST_LABELS:
        notes.append(
            f"{table.name}: {counted(len(free) - MOST_LABELS, 'further column')} not kept: at most {MOST_LABELS} are "
            f"labels; --labels names those to keep"
        )
    long = [
        (row, at) for row, cells in enumerate(table.rows) for at in index_of.values() if len(cells[at]) > LONGEST_TEXT
    ]
    if long:
        row, at = long[0]
        notes.append(
            f"{table.place(row)}: {names[at][:40]}: a label has at most {LONGEST_TEXT} characters; "
            f"{counted(len(long), 'text')} cut"
        )
    return LabelColumns(index_of, tuple(notes))


def check_labels(stated: Sequence[str] | None, headers: Sequence[str], where: str) -> None:
    """Refuse labels that no table has.

    Raises:
        InputError: a column that is stated does not exist.
    """
    for each in stated or ():
        if not columns_named(each, headers):
            raise InputError(
                f"--labels: no column is named {each[:40]!r} in {where}; {suggestion(each, headers)}the columns are "
                f"{', '.join(dict.fromkeys(headers))[:300]}"
            )


def _numbered(name: str, count: int) -> str:
    return name if count == 1 else f"{name} {count}"
