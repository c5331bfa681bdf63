"""Times as traces state them: seconds, hours with colons, or dates."""

from __future__ import annotations

import re
from datetime import UTC, datetime

HOURS = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{2}):(\d{2}(?:\.\d+)?)")


def source_seconds(text: str) -> float | None:
    """Seconds of `12.5` or, as SUMO writes with `--human-readable-time`, `h:mm:ss` or `days:hh:mm:ss`; else None.

    >>> source_seconds("12.50"), source_seconds("01:00:02"), source_seconds("1:00:00:00"), source_seconds("noon")
    (12.5, 3602.0, 86400.0, None)
    """
    try:
        value = float(text)
    except ValueError:
        match = HOURS.fullmatch(text.strip())
        if match is None:
            return None
        days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
        return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
    return value if abs(value) < float("inf") else None


def date_seconds(text: str) -> float | None:
    """Seconds since 1970-01-01 UTC of an ISO 8601 date and time, UTC unless it says otherwise; None if it is none.

    >>> date_seconds("1970-01-01T00:01:00Z"), date_seconds("1970-01-01 02:00:00.5+02:00"), date_seconds("7")
    (60.0, 0.5, None)
    """
    if len(text) < len("1970-01-01"):
        return None
    try:
        value = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def date_text(seconds: float) -> str:
    """The date and time of seconds since 1970-01-01 UTC, ISO 8601.

    >>> date_text(60.0)
    '1970-01-01T00:01:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat()
