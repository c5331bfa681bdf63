"""Columns that `--columns` computes: arithmetic on others, and numbers in other units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twinhop.errors import InputError
from twinhop.io.table import Table, parse_number
from twinhop.scenario.column_expression import (
    ColumnExpression,
    factor_of_name,
    parse_column_expression,
    stated_factor,
    with_unit,
)
from twinhop.scenario.column_names import UNITS, ColumnChoice, columns_named
from twinhop.text import suggestion

ROW_NUMBER = "#"
"""What `--columns id=#` takes for a name: the number of the row, from 1."""
ROW_NUMBER_TEXT = "the number of the row"
NAMES_AND_TRUTHS = ("id", "station", "user", "host", "class")
"""Quantities that are no numbers, so that nothing can be computed for them."""


@dataclass(frozen=True)
class Statement:
    """What one part of `--columns` means in a table.

    Attributes:
        column: index of the column that gives it; None where it is computed.
        expression: of what it is computed; None for a column as it is and for row numbers.
        columns: the columns that the expression names.
    """

    column: int | None = None
    expression: ColumnExpression | None = None
    columns: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class ComputedTable:
    """A table with the columns that are computed after its own.

    Attributes:
        table: the table; what is computed is called as it was stated.
        choice: what was stated that is a column as it is.
        index_of: quantity to the column that was computed for it.
        used: columns of the file that something was computed of.
        faults: what is wrong with each row for which something cannot be computed, by its number.
    """

    table: Table
    choice: ColumnChoice
    index_of: Mapping[str, int]
    used: frozenset[int]
    faults: Mapping[int, list[str]]


def statement(quantity: str, text: str, names: Sequence[str]) -> Statement | None:
    """What was stated for a quantity, in a table with these columns; None where the table lacks one of the columns.

    The exact name of a column goes first, then arithmetic, then another spelling of a name.

    Raises:
        InputError: it may be a column in another spelling as well as arithmetic, or the unit is none of the quantity.

    >>> statement("cpu_gcycles_per_s", "cores*3", ["id", "cores"]).columns
    {'cores': 1}
    """
    if text == ROW_NUMBER and quantity in ("id", "station", "user"):
        return Statement()
    if text in names:
        return _column(quantity, text, names, columns_named(text, names))
    unit = with_unit(text)
    based = [] if unit is None else columns_named(unit[0], names)
    if unit is not None and len(based) == 1:
        return _scaled(based[0], names, stated_factor(quantity, UNITS.get(quantity, ""), unit[1]))
    alike = [] if "*" in text or text[0] in "+-(" else columns_named(text, names)
    expression = _expression(text)
    if expression is None or expression.is_plain:
        return _column(quantity, text, names, alike) if alike else None
    columns = {name: columns_named(name, names) for name in expression.names}
    if not all(columns.values()):
        return _column(quantity, text, names, alike) if alike else None
    if alike and not {'"', "'", "`"} & set(text):
        raise InputError(
            f"--columns: {quantity}={text[:40]}: may be the column {names[alike[0]]!r} or be computed; write the name "
            f'as the file does, or columns in quotes, as in "{expression.names[0]}"*1'
        )
    double = next((name for name, at in columns.items() if len(at) > 1), None)
    if double is not None:
        raise InputError(f"--columns: {quantity}: {len(columns[double])} columns are named {double[:40]!r}")
    return Statement(None, expression, {name: at[0] for name, at in columns.items()})


def missing_columns(quantity: str, text: str, headers: Sequence[str], where: str) -> InputError:
    """The error for what was stated where no table has the columns.

    Args:
        quantity: that it was to give.
        text: as it was stated.
        headers: the columns that there are.
        where: the file or files.
    """
    unit = with_unit(text)
    parts: tuple[str, ...] = (text,) if unit is None else (unit[0],)
    if any(sign in text for sign in "+-*/()") and unit is None:
        try:
            parts = parse_column_expression(text).names
        except InputError as error:
            if any(sign in text for sign in "*+("):
                return InputError(f"--columns: {quantity}={text[:40]}: {error}")
    lacking = next((name for name in parts if not columns_named(name, headers)), text)
    return InputError(
        f"--columns: no column is named {lacking[:40]!r} in {where}, to give {quantity}; "
        f"{suggestion(lacking, headers)}the columns are {', '.join(dict.fromkeys(headers))[:300]}"
    )


def with_computed(table: Table, choice: ColumnChoice, wanted: Collection[str], identity: str) -> ComputedTable:
    """The table with a further column for each quantity that is computed, or in another unit.

    Args:
        table: as it was read.
        choice: what was stated.
        wanted: quantities that the table may give.
        identity: what names a row, `station` or `user`.

    Raises:
        InputError: a column does not exist, or what is stated cannot be computed for the quantity.
    """
    names = table.dialect.columns
    plain: dict[str, str] = {}
    computed: dict[str, Statement] = {}
    for quantity, text in choice.column_of.items():
        key = "id" if quantity == identity else quantity
        if key not in wanted:
            plain[quantity] = text
            continue
        stated = statement(quantity, text, names)
        if stated is None:
            raise missing_columns(quantity, text, names, f"{table.name}:{table.dialect.header_line}")
        if stated.column is not None:
            plain[quantity] = names[stated.column]
        elif stated.expression is not None and key in NAMES_AND_TRUTHS:
            raise InputError(f"--columns: {quantity} takes a column as it is (got {text[:40]!r})")
        else:
            computed[key] = stated
    if not computed:
        return ComputedTable(table, ColumnChoice(plain), {}, frozenset(), {})
    faults: dict[int, list[str]] = {}
    cells = [
        [_computed_cell(table, row, quantity, each, faults) for quantity, each in computed.items()]
        for row in range(len(table.rows))
    ]
    texts = tuple(each.expression.text if each.expression else ROW_NUMBER_TEXT for each in computed.values())
    dialect = replace(
        table.dialect, columns=(*names, *texts), decimals=(*table.dialect.decimals, *("." for _ in texts))
    )
    rows = tuple((*row, *more) for row, more in zip(table.rows, cells, strict=True))
    used = frozenset(at for each in computed.values() for at in each.columns.values())
    index_of = {key: len(names) + at for at, key in enumerate(computed)}
    return ComputedTable(replace(table, dialect=dialect, rows=rows), ColumnChoice(plain), index_of, used, faults)


def _column(quantity: str, text: str, names: Sequence[str], at: Sequence[int]) -> Statement:
    """A column, times what its unit asks for where its name ends in one.

    Raises:
        InputError: several are called so, or its unit may be read in several ways.
    """
    if len(at) > 1:
        raise InputError(f"--columns: {quantity}: {len(at)} columns are named {text[:40]!r}")
    factor = factor_of_name(quantity, UNITS.get(quantity, ""), names[at[0]])
    return _scaled(at[0], names, factor)


def _scaled(column: int, names: Sequence[str], factor: float) -> Statement:
    if factor == 1:
        return Statement(column)
    name = names[column]
    return Statement(None, ColumnExpression(f"{name} x {factor:g}", ("*", name, factor)), {name: column})


def _expression(text: str) -> ColumnExpression | None:
    try:
        return parse_column_expression(text)
    except InputError:
        return None


def _computed_cell(table: Table, row: int, quantity: str, stated: Statement, faults: dict[int, list[str]]) -> str:
    """The value for a row as text; nothing where a column is empty, or where it cannot be computed: a fault."""
    if stated.expression is None:
        return str(row + 1)
    numbers: dict[str, float] = {}
    said = f"{quantity}={stated.expression.text[:60]}"
    for name, at in stated.columns.items():
        cell = table.rows[row][at]
        if not cell:
            return ""
        number = parse_number(table.dialect.number_text(cell, at))
        if number is None:
            hint = table.dialect.number_hint(cell, at)
            text = f"{table.place(row)}: {name}: must be a number, for {said} (got {cell[:40]!r}){hint}"
            faults.setdefault(row, []).append(text)
            return ""
        numbers[name] = _as_float(number)
    value = computed_value(stated.expression, numbers)
    if isinstance(value, str):
        faults.setdefault(row, []).append(f"{table.place(row)}: {said}: {value}")
        return ""
    return repr(value)


def computed_value(expression: ColumnExpression, numbers: Mapping[str, float]) -> float | str:
    """The value of an expression, or what is wrong with it.

    >>> computed_value(parse_column_expression("1/cores"), {"cores": 0.0})
    'divides by zero'
    """
    try:
        return expression.value(numbers)
    except ZeroDivisionError:
        return "divides by zero"
    except OverflowError:
        return "is no finite number"


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a whole number of hundreds of digits
        return float("inf")
