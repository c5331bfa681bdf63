"""How labels of stations and users are called beside columns that mean something, and read back."""

from __future__ import annotations

from collections.abc import Collection

from twinhop.scenario.column_names import quantities_of, spelling

LABEL_MARK = "label_"
"""Columns that begin so are labels, whatever the rest of their name means."""


def label_column(name: str, taken: Collection[str] = ()) -> str:
    """The column, or property, under which a label is written: its name, marked where that would be read otherwise.

    Args:
        name: of the label.
        taken: names of further columns of the same table.

    >>> label_column("rent_eur"), label_column("Capacity"), label_column("opened", taken=("opened",))
    ('rent_eur', 'label_Capacity', 'label_opened')
    """
    is_read = bool(quantities_of(name)) or name.casefold().startswith(LABEL_MARK)
    return LABEL_MARK + name if is_read or spelling(name) in {spelling(each) for each in taken} else name


def label_of(column: str) -> str:
    """The label that a column gives.

    >>> label_of("rent_eur"), label_of("label_capacity")
    ('rent_eur', 'capacity')
    """
    return column[len(LABEL_MARK) :] if is_marked(column) else column


def is_marked(column: str) -> bool:
    """Whether a column says itself that it is a label."""
    return column.casefold().startswith(LABEL_MARK) and len(column) > len(LABEL_MARK)
