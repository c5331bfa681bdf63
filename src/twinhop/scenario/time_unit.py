"""What a column of numbers may mean as times: seconds, other units, or dates written as numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from twinhop.text import suggestion

FloatArray = NDArray[np.float64]

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0, "days": 86_400.0}
"""Units of time [s]."""
EXCEL, DIGITS = "excel", "digits"
TIME_UNITS = {
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "min": "minutes",
    "h": "hours",
    "days": "days",
    EXCEL: "days since 1899-12-30, as spreadsheets count",
    DIGITS: "dates written as numbers, YYYYMMDDhhmmss or YYYYMMDDhhmm",
}
"""The values of `--time-unit`."""
YEARS_1995_2100_S = (7.9e8, 4.2e9)
"""Recordings of movement that count from 1970 lie in these years [s]."""
LEAST_MILLISECONDS = 1e11
"""As seconds this is in the year 5138, as milliseconds in 1973."""
EXCEL_YEARS_2000_2050 = (36_526.0, 54_789.0)
LONGEST_EXCEL_STEP = 0.02
"""Steps of half an hour and less [days]; as seconds they would be fiftieths, which no receiver records."""
EXCEL_EPOCH_S = -25_569 * 86_400.0
"""1899-12-30 [s since 1970]."""
NAMED_UNIT = re.compile(
    r"(?:[_ .\[(/]|^)(?:(ms|msec|millis(?:econds)?)|(us|µs|μs|usec|micros(?:econds)?)|(ns|nsec|nanos(?:econds)?)"
    r"|(min|mins|minutes)|(h|hrs|hours)|(days?)|(s|sec|secs|seconds))[\])]?$",
    re.IGNORECASE,
)


class AmbiguousTime(ValueError):
    """Numbers that may be times of several kinds, or none; the message says what would settle it."""


@dataclass(frozen=True)
class TimeScale:
    """How the numbers of a column become seconds.

    Attributes:
        unit: of `TIME_UNITS`.
        is_date: whether they become seconds since 1970-01-01 UTC.
        note: what had to be assumed; None: nothing.
    """

    unit: str = "s"
    is_date: bool = False
    note: str | None = None

    def seconds(self, values: FloatArray) -> FloatArray:
        """(n,) times [s]; NaN where a number is no date, if dates are written as numbers.

        >>> TimeScale("ms").seconds(np.array([1500.0])), TimeScale("excel").seconds(np.array([25_569.5]))
        (array([1.5]), array([43200.]))
        """
        if self.unit == EXCEL:  # to the millisecond: spreadsheets round
            return np.round(values * 86_400_000.0 + EXCEL_EPOCH_S * 1000.0) / 1000.0
        if self.unit == DIGITS:
            return np.array([_digits_seconds(value) for value in values.tolist()], dtype=np.float64)
        factor = SECONDS[self.unit]
        return values * factor if factor >= 1.0 else values / round(1.0 / factor)


def time_scale(values: FloatArray, column: str, unit: str | None = None) -> TimeScale:
    """How the numbers of a column are to be read as times.

    Args:
        values: (n,) some of them, as many as are at hand; those that are not finite do not count.
        column: its name, which may name a unit: `timestamp_ms`.
        unit: what they are, where the user says so.

    Raises:
        AmbiguousTime: they may be several things, or nothing that is known.

    >>> time_scale(np.array([1714550400000.0, 1714550401000.0]), "time").unit
    'ms'
    """
    values = values[np.isfinite(values)]
    if unit is not None:
        scale = TimeScale(unit)
        is_date = unit in (EXCEL, DIGITS) or bool(values.size and _in_years(float(scale.seconds(values[:1])[0])))
        return TimeScale(unit, is_date)
    if not values.size:
        return TimeScale()
    typical = float(np.median(values))
    named = _named_unit(column)
    if named is not None and named != "s":
        in_unit = float(TimeScale(named).seconds(np.array([typical]))[0])
        if in_unit < LEAST_MILLISECONDS:
            return TimeScale(
                named, _in_years(in_unit), f"times are taken to be {TIME_UNITS[named]}, as {column!r} says"
            )
    if typical >= LEAST_MILLISECONDS:
        return _large(values, typical, column)
    if _are_days(values):
        raise AmbiguousTime(
            f"{column}: {typical:.0f} may be a date without a time of day, or seconds; --time-unit s says seconds, and "
            "for movement give dates and times (ISO 8601)"
        )
    if _are_excel(values):
        return TimeScale(EXCEL, True, _assumed(EXCEL))
    return TimeScale("s", _in_years(typical))


def require_unit(unit: str | None) -> str | None:
    """The unit, if it is one.

    Raises:
        ValueError: it is none.
    """
    if unit is not None and unit not in TIME_UNITS:
        accepted = ", ".join(TIME_UNITS)
        raise ValueError(f"--time-unit: unknown unit {unit[:40]!r}; {suggestion(unit, TIME_UNITS)}accepted: {accepted}")
    return unit


def _large(values: FloatArray, typical: float, column: str) -> TimeScale:
    """Of numbers that are too large for seconds."""
    digits = np.isfinite(TimeScale(DIGITS).seconds(values[:1000])).all()
    if digits and typical >= 1e13:  # as milliseconds this were in the year 2286 or later
        return TimeScale(DIGITS, True, _assumed(DIGITS))
    if digits:
        raise AmbiguousTime(
            f"{column}: {typical:.0f} may be milliseconds since 1970 or a date, YYYYMMDDhhmm; --time-unit ms or "
            "--time-unit digits says which"
        )
    for unit in ("ms", "us", "ns"):
        if _in_years(typical * SECONDS[unit]) or (unit == "ms" and typical < YEARS_1995_2100_S[1] * 1000.0):
            return TimeScale(unit, True, _assumed(unit))
    raise AmbiguousTime(
        f"{column}: {typical:.16g} is no time that is known: seconds, milliseconds, microseconds or nanoseconds since "
        f"1970 are not in the years 1995 to 2100; --time-unit says what it is ({', '.join(TIME_UNITS)})"
    )


def _assumed(unit: str) -> str:
    return f"times are taken to be {TIME_UNITS[unit]}, by their size; --time-unit says otherwise"


def _in_years(seconds: float) -> bool:
    return YEARS_1995_2100_S[0] <= seconds <= YEARS_1995_2100_S[1]


def _named_unit(column: str) -> str | None:
    match = NAMED_UNIT.search(column.strip())
    if match is None:
        return None
    units = ("ms", "us", "ns", "min", "h", "days", "s")
    return next(unit for unit, text in zip(units, match.groups(), strict=True) if text)


def _are_excel(values: FloatArray) -> bool:
    """Whether numbers are days with a fraction, in steps that are too short for seconds."""
    least, largest = EXCEL_YEARS_2000_2050
    steps = np.abs(np.diff(values))
    steps = steps[steps > 0]
    in_years = bool((values >= least).all() and (values <= largest).all())
    is_fraction = bool((values != np.round(values, 3)).any())
    return in_years and is_fraction and bool(steps.size) and float(np.median(steps)) < LONGEST_EXCEL_STEP


def _are_days(values: FloatArray) -> bool:
    """Whether numbers are dates, YYYYMMDD."""
    if not (values == np.round(values)).all() or not ((values >= 1.9e7) & (values < 2.2e7)).all():
        return False
    return all(_parsed(f"{value:.0f}", "%Y%m%d") is not None for value in np.unique(values)[:1000].tolist())


def _digits_seconds(value: float) -> float:
    """Seconds since 1970 of 20240501080005 or 202405010800; NaN where that is no date."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    whole, _, fraction = text.partition(".")
    form = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M"}.get(len(whole))
    seconds = None if form is None else _parsed(whole, form)
    if seconds is None or not 1900 <= int(whole[:4]) < 2200:
        return float("nan")
    return seconds + (float(f"0.{fraction}") if fraction else 0.0)


def _parsed(text: str, form: str) -> float | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
