"""Users as columns: names that are made when asked for, and arrays in place of a row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

MOST_LISTED_NAMES = 200_000
"""So many names are held as a tuple; more are made of their column, or of their number, when asked for."""


@dataclass(frozen=True, eq=False)
class UserTable:
    """N users as the columns of their file.

    Attributes:
        ids: names, of texts or whole numbers; None: u0, u1, ...
        xy_m: (N, 2) positions [m].
        sizes: (N,) of each field of `place_sections.USER_SIZES` that the file gives, in the unit of the field.
        user_class: (N,) index of each user's class, the default class last; None: drawn by the shares of the classes.
    """

    ids: pl.Series | None
    xy_m: NDArray[np.float64]
    sizes: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    user_class: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.xy_m)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, UserTable) or len(self) != len(other) or self.sizes.keys() != other.sizes.keys():
            return False
        if (self.ids is None) != (other.ids is None) or (self.user_class is None) != (other.user_class is None):
            return False
        return (
            np.array_equal(self.xy_m, other.xy_m)
            and all(np.array_equal(each, other.sizes[name]) for name, each in self.sizes.items())
            and (self.ids is None or other.ids is None or bool(self.ids.equals(other.ids)))
            and (self.user_class is None or np.array_equal(self.user_class, other.user_class))  # type: ignore[arg-type]
        )

    __hash__ = None  # type: ignore[assignment]


class Names(Sequence[str]):
    """Names of which none is held as text of its own: those of a column, or a prefix and a number."""

    def __init__(self, prefix: str, count: int, column: pl.Series | None = None) -> None:
        self._prefix, self._count, self._column = prefix, count, column

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: int) -> str: ...

    @overload
    def __getitem__(self, at: slice) -> tuple[str, ...]: ...

    def __getitem__(self, at: int | slice) -> str | tuple[str, ...]:
        if isinstance(at, slice):
            return tuple(self._name(each) for each in range(*at.indices(self._count)))
        return self._name(range(self._count)[at])

    def _name(self, at: int) -> str:
        return f"{self._prefix}{at}" if self._column is None else str(self._column[at])

    def __iter__(self) -> Iterator[str]:
        return map(self._name, range(self._count))

    def __repr__(self) -> str:
        return f"Names({self[0]!r} to {self[-1]!r})" if self._count else "Names()"

    def column(self) -> pl.Series:
        """The names as a column of text."""
        return text_column(self._prefix, self._count, self._column)


def text_column(prefix: str, count: int, column: pl.Series | None = None) -> pl.Series:
    """Names as a column of text: of their column, or of a prefix and a number.

    >>> text_column("u", 2).to_list()
    ['u0', 'u1']
    """
    import polars as pl

    if column is not None:
        return column.cast(pl.String)
    numbers = pl.Series("id", np.arange(count)).to_frame()
    return numbers.select(pl.format(f"{prefix}{{}}", "id").alias("id")).to_series()


def names(prefix: str, count: int, column: pl.Series | None = None) -> Sequence[str]:
    """Names as a tuple where they are few, else made when asked for.

    >>> names("u", 3)
    ('u0', 'u1', 'u2')
    """
    made = Names(prefix, count, column)
    return tuple(made) if count <= MOST_LISTED_NAMES else made


def chosen(ids: Sequence[str], index: NDArray[np.int64]) -> Sequence[str]:
    """Some of the names, in the order given."""
    if isinstance(ids, Names):
        return names("", len(index), ids.column().gather(index))
    return tuple(str(ids[at]) for at in index.tolist())


def column_of(ids: Sequence[str] | Any) -> pl.Series:
    """Any names as a column of text."""
    import polars as pl

    return ids.column() if isinstance(ids, Names) else pl.Series("id", list(ids), pl.String)
