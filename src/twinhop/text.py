"""Counts in sentences, names that were meant, and results in a line."""

from collections.abc import Iterable
from difflib import get_close_matches

#: Characters of a result in a line, fewer than this.
LONGEST_LINE = 120


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


def counted_users(number: float) -> str:
    """Users, of whom rows may stand for a share.

    >>> counted_users(1.0), counted_users(1234), counted_users(2.5)
    ('1 user', '1234 users', '2.5 users')
    """
    return f"{number:.10g} {plural(1 if number == 1 else 2, 'user')}"


def duration(hours: float) -> str:
    """A time that is known to two digits at best, in the unit that suits it.

    >>> duration(0.0072), duration(0.4), duration(12.34)
    ('26 s', '24 min', '12 h')
    """
    for unit, many in (("s", 3600.0), ("min", 60.0)):
        if hours * many < 100:
            return f"{hours * many:.0f} {unit}"
    return f"{hours:.2g} h"


def suggestion(name: str, accepted: Iterable[str], most: int = 1) -> str:
    """A did-you-mean for a name that is not among the accepted, ending in `? `, or nothing.

    >>> suggestion("bandwith_mhz", ["bandwidth_mhz", "seed"]), suggestion("nothing", ["like", "it"])
    ("did you mean 'bandwidth_mhz'? ", '')
    """
    close = get_close_matches(name, list(accepted), most)
    return f"did you mean {' or '.join(map(repr, close))}? " if close else ""


def in_a_line(result: object, *parts: str | None) -> str:
    """What `repr` says of a result: its type and the parts that are not None, cut to a line.

    >>> in_a_line(1, "city", None, figure("cost", 1.25), figure("gap", None))
    '<int: city, cost 1.25>'
    """
    line = f"<{type(result).__name__}: {', '.join(' '.join(part.split()) for part in parts if part is not None)}>"
    return line if len(line) < LONGEST_LINE else f"{line[: LONGEST_LINE - 5]}...>"


def figure(name: str, value: float | None) -> str | None:
    """A figure with its name, to six digits; None for None."""
    return None if value is None else f"{name} {value:.6g}"


def in_percent(name: str, value: float | None) -> str | None:
    """A share with its name, in per cent; None for None."""
    return None if value is None else f"{name} {100 * value:.3g} %"
