"""Counts in sentences."""


def counted(count: int, noun: str) -> str:
    """A number and what it counts, which takes an s for all numbers but one.

    >>> counted(1, "server"), counted(0, "user"), counted(12000, "twin")
    ('1 server', '0 users', '12000 twins')
    """
    return f"{count} {plural(count, noun)}"


def plural(count: int, noun: str) -> str:
    """The noun alone, as it stands after a number.

    >>> plural(1, "host"), plural(2, "host")
    ('host', 'hosts')
    """
    return noun if count == 1 else f"{noun}s"
