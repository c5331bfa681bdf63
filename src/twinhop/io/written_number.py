"""A number that remembers how it was written, since an id or a label must not go through a number."""

from __future__ import annotations


class WrittenNumber(float):
    """A number, and how it is written.

    >>> WrittenNumber("1e05") == 1e5, WrittenNumber("1e05").text
    (True, '1e05')
    """

    text: str

    def __new__(cls, text: str) -> WrittenNumber:
        """Read the text of a number."""
        number = super().__new__(cls, text)
        number.text = text
        return number
