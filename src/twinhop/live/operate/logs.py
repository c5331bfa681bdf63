"""Logs of a server: one line a record, as JSON or as text, without secrets, and without floods of the same."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from twinhop.errors import InputError

FORMATS = ("json", "text")
LEVELS = ("debug", "info", "warning", "error")
#: Loggers of a server: twinhop's own, and those of the programs that it stands on.
LOGGERS = ("twinhop", "uvicorn")
#: So many records of one event are written in such a time [s]; the rest is counted.
MOST, EVERY_S = 10, 10.0
#: Events of which each is written: there are only so many plans, and moves in a plan.
EACH = ("plan", "move")
#: Events whose repeats are followed at once.
MOST_EVENTS = 1_000
LONGEST = 2_000
DEEPEST = 4
#: Lines of code that are named of an error.
PLACES = 6
#: What stands in place of a secret.
HIDDEN = "(hidden)"
_SECRET = re.compile(r"token|secret|password|authorization|cookie|credential", re.IGNORECASE)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_PLAIN = re.compile(r"[\w.:/+-]+")
_FIELDS = "twinhop_fields"


def log_event(logger: logging.Logger, level: int, event: str, **fields: Any) -> None:
    """Log an event.

    Args:
        logger: of the module.
        level: of `logging`.
        event: what happened: a few words that are the same each time, since repeats are told by them.
        fields: what else there is to say; values of JSON. Those with names of secrets are hidden.
    """
    if logger.isEnabledFor(level):
        logger.log(level, event, extra={_FIELDS: fields})


@contextmanager
def logs_to(
    stream: TextIO, form: str = "json", level: str = "info", clock_s: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Inside, the loggers of a server write to a stream.

    Args:
        stream: usually standard error.
        form: of `FORMATS`.
        level: of `LEVELS`; what is less is left out. Programs of others say warnings only, unless it is ``debug``.
        clock_s: by which repeats are counted [s].

    Raises:
        InputError: there is no such form or level.
    """
    if form not in FORMATS:
        raise InputError(f"--log-format: got {form!r}; expected one of {', '.join(FORMATS)}")
    if level not in LEVELS:
        raise InputError(f"--log-level: got {level!r}; expected one of {', '.join(LEVELS)}")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    handler.addFilter(Repeats(clock_s))
    before = [(each, each.handlers[:], each.level, each.propagate) for each in map(logging.getLogger, LOGGERS)]
    for each, *_ in before:
        each.handlers, each.propagate = [handler], False
        each.setLevel(level.upper() if each.name == LOGGERS[0] or level == "debug" else "WARNING")
    try:
        yield
    finally:
        for each, handlers, number, propagates in before:
            each.handlers, each.propagate = handlers, propagates
            each.setLevel(number)


class Repeats(logging.Filter):
    """Lets so many records of one event pass in a time; the next one after it says how many were left out.

    Args:
        clock_s: never steps back [s].
    """

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock_s = clock_s
        self._counts: dict[tuple[str, int, str], list[float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        key, now_s = (record.name, record.levelno, str(record.msg)[:LONGEST]), self._clock_s()
        if record.msg in EACH:
            return True
        entry = self._counts.get(key)
        if entry is None:
            if len(self._counts) >= MOST_EVENTS:
                self._counts.clear()
            self._counts[key] = [now_s, 1]
            return True
        if now_s - entry[0] < EVERY_S:
            entry[1] += 1
            return entry[1] <= MOST
        if entry[1] > MOST:
            record.left_out = int(entry[1]) - MOST
        entry[:] = [now_s, 1]
        return True


class JsonLines(logging.Formatter):
    """A record as one line of JSON, in ASCII: what users have named cannot look like another record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return json.dumps(_parts(record), default=str)


class TextLines(logging.Formatter):
    """A record as one line for people; values with anything but plain letters are quoted as in JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        parts = _parts(record)
        head = f"{parts.pop('time')} {parts.pop('level'):<7} {_plain(parts.pop('event'), spaces=True)}"
        return " ".join([head, *(f"{name}={_plain(value)}" for name, value in parts.items())])


def _parts(record: logging.LogRecord) -> dict[str, Any]:
    """What a line says, in order."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    parts: dict[str, Any] = {
        "time": moment,
        "level": record.levelname.lower(),
        "event": _text(record.getMessage().strip()),
        "logger": record.name,
    }
    fields: Mapping[str, Any] = getattr(record, _FIELDS, {})
    for name, value in fields.items():
        parts.setdefault(name, HIDDEN if _SECRET.search(name) else _value(value, DEEPEST))
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        parts["error"] = _text(f"{type(error).__name__}: {error}")
        parts["where"] = _text(_where(error))
    left_out = getattr(record, "left_out", 0)
    if left_out:
        parts["left_out"] = left_out
    return parts


def _where(error: BaseException) -> str:
    """The lines of code that an error came through, the innermost last."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-PLACES:])


def _value(value: Any, levels: int) -> Any:
    if isinstance(value, bool | int | float) or value is None:
        return value if value == value and value not in (float("inf"), float("-inf")) else str(value)
    if levels and isinstance(value, Mapping):
        return {
            str(name): HIDDEN if _SECRET.search(str(name)) else _value(each, levels - 1) for name, each in value.items()
        }
    if levels and isinstance(value, list | tuple):
        return [_value(each, levels - 1) for each in value]
    return _text(str(value))


def _text(text: str) -> str:
    hidden = _BEARER.sub(rf"\1 {HIDDEN}", text)
    return hidden if len(hidden) <= LONGEST else f"{hidden[:LONGEST]}..."


def _plain(value: Any, spaces: bool = False) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if _PLAIN.fullmatch(text.replace(" ", "_") if spaces else text) and text.isascii() else json.dumps(text)
