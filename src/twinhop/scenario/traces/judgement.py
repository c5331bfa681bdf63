"""Whether what was read can be: degrees or metres, (0, 0), and speeds; from the figures that the checks gather."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.scenario.sanity import (
    ABSURD_MPS,
    FASTEST_MPS,
    LARGEST_EXTENT_M,
    SLOWEST_MPS,
    FastestStep,
    agrees,
    distance_m,
    extent_notes,
    fastest_notes,
    metres_text,
    slow_notes,
    speed_text,
    stated_speed_notes,
)
from twinhop.scenario.traces.bad_records import BadRecords
from twinhop.scenario.traces.checks import TraceChecks
from twinhop.scenario.traces.odometer import Odometer
from twinhop.scenario.traces.records import Batch, Reading
from twinhop.scenario.traces.speed_limit import SpeedLimit
from twinhop.text import counted

FEWEST_STEPS = 2
"""So many steps to another place at least tell what positions are."""
LONGEST_DATED_STEP_S = 600.0
"""Whoever is recorded less often, with dates, may well be slow on average."""
Stays = Callable[[Batch], NDArray[np.bool_]]


def are_degrees(
    checks: TraceChecks, reading: Reading, coordinates: str | None, source: Path
) -> tuple[bool, str | None]:
    """Whether positions are longitude and latitude, and a note where that had to be assumed.

    The file says so, or the option; else the speeds that the file states, else the speeds that positions would have,
    else their range.

    Args:
        checks: of all records.
        reading: what the file says.
        coordinates: the option.
        source: for messages.

    Raises:
        InputError: the option contradicts the file, or degrees are out of range.
    """
    stated = None if coordinates is None else coordinates == "degrees"
    said = reading.is_geographic
    if said is not None and stated is not None and said != stated and not reading.is_assumed:
        raise InputError(f"--coordinates: {source} gives {'degrees' if said else 'metres'}; leave the option out")
    in_range = checks.bounds.is_on_earth
    geographic, note = (said, None) if stated is None else (stated, None)
    if geographic is None or (stated is None and reading.is_assumed):
        geographic, note = _by_evidence(checks, said)
    if geographic and not in_range:
        low, high = checks.bounds.lowest, checks.bounds.highest
        raise InputError(
            f"{source}: longitudes from {low[0]:g} to {high[0]:g} and latitudes from {low[1]:g} to "
            f"{high[1]:g}; -180 to 180 and -90 to 90 are accepted"
        )
    return bool(geographic), note


def _by_evidence(checks: TraceChecks, said: bool | None) -> tuple[bool, str | None]:
    """Degrees or metres where the file leaves it open, or where only the custom of its format says it."""
    in_range = checks.bounds.is_on_earth
    metres, degrees = checks.as_metres, checks.as_degrees
    settle = "--coordinates says otherwise"
    if in_range and metres.stated_ratio is not None and degrees.stated_ratio is not None:
        fit = agrees(metres.stated_ratio), agrees(degrees.stated_ratio)
        if fit[0] != fit[1] and (said is None or said != fit[1]):
            return fit[1], f"positions are taken to be {_unit(fit[1])}, by the speeds that the file states; {settle}"
    moves = metres.moving >= FEWEST_STEPS
    if said is False:
        plausible = degrees.moving_mps.at(0.5) <= FASTEST_MPS and metres.moving_mps.at(0.95) < SLOWEST_MPS
        if in_range and moves and plausible:
            return True, f"positions are taken to be {_unit(True)}, by their range and their speeds; {settle}"
        return False, None
    if said:
        return True, None
    if in_range and moves and degrees.moving_mps.at(0.5) > ABSURD_MPS:
        return False, f"positions are taken to be {_unit(False)}, by their speeds; {settle}"
    return in_range, f"positions are taken to be {_unit(in_range)}, by their range; {settle}"


def _unit(geographic: bool) -> str:
    return "degrees of longitude and latitude" if geographic else "metres"


def leave_out_zeros(checks: TraceChecks, bad: BadRecords, place: str, notes: list[str] | None) -> Stays | None:
    """Which records stay where some lie at latitude 0, longitude 0, as receivers write that know no position.

    Args:
        checks: of all records, which are longitudes and latitudes.
        bad: what is done with them.
        place: file, line, user and time of the first.
        notes: where records to which users would be too fast are left out, these are too, and noted here; else None.

    Returns:
        None where there are none, or they may be true since others are near.

    Raises:
        InputError: there are such records, and they are not to be left out.
    """
    elsewhere = checks.bounds_elsewhere
    if not checks.zeros or not np.isfinite(elsewhere.lowest).all():
        return None
    zero = np.zeros(2)
    nearest = np.clip(zero, elsewhere.lowest, elsewhere.highest)
    if elsewhere.highest[0] - elsewhere.lowest[0] > 180.0:  # on both sides of the date line
        low, high = elsewhere.on_earth()
        nearest = np.clip(np.array([360.0, 0.0]), low, high)
    far_m = float(distance_m(nearest[None], zero[None])[0])
    if far_m <= LARGEST_EXTENT_M:
        return None
    what = (
        f"{place}: latitude 0, longitude 0 is a mark of no position: all others are {metres_text(far_m)} and more from "
        f"there, {_speed_of_zero(checks)}({counted(checks.zeros, 'such record')})"
    )
    if notes is None or bad.skip:
        bad.add(what, "; --max-speed-mps 100 leaves out whatever is too far off", checks.zeros)
    else:
        notes.append(f"left out: {what}")
    return lambda batch: (batch.east != 0.0) | (batch.north != 0.0)


def _speed_of_zero(checks: TraceChecks) -> str:
    fastest = checks.as_degrees.fastest
    return "" if fastest is None else f"at {speed_text(fastest[3])} "


def slow_records(limit_mps: float, geographic: bool, notes: list[str]) -> Stays:
    """Which records stay where those to which a user would be too fast are left out.

    Args:
        limit_mps: the limit [m/s].
        geographic: whether positions are longitude and latitude.
        notes: how many were left out is added.
    """
    return SpeedLimit(limit_mps, geographic, notes).stays


def unit_option(takes: Sequence[str], *, has_dates: bool, leaves_open: bool) -> str:
    """What says that units are others, among what a format takes; `{}` stands for a unit of time.

    Args:
        takes: options of its reader.
        has_dates: whether times are dates, whose unit is not in doubt.
        leaves_open: whether its positions may be degrees as well as metres.

    >>> unit_option(("step_s",), has_dates=False, leaves_open=False)
    'if the time from one place to the next is another, --step-s says so'
    """
    if "step_s" in takes:
        return "if the time from one place to the next is another, --step-s says so"
    if "time_unit" in takes and not has_dates:
        return "if times are in another unit, --time-unit says so (such as --time-unit {})"
    if leaves_open or "columns" in takes:
        options = [*(["--coordinates"] if leaves_open else []), *(["--columns"] if "columns" in takes else [])]
        return f"if positions are in another unit, {' or '.join(options)} says so"
    return "the format says its units: check what wrote the file"


def require_sane(odometer: Odometer, source: Path, time_unit: str | None, coordinates: str | None, option: str) -> None:
    """Refuse movement that nothing makes, unless units are stated.

    Args:
        odometer: speeds.
        source: for messages.
        time_unit: the one stated.
        coordinates: those stated.
        option: what says that units are others, of `unit_option`.

    Raises:
        InputError: half of all steps to another place are faster than a kilometre a second.
    """
    typical_mps = odometer.moving_mps.at(0.5)
    if odometer.moving < FEWEST_STEPS or typical_mps <= ABSURD_MPS or time_unit or coordinates:
        return
    raise InputError(
        f"{source}: half of all steps from record to record are faster than {speed_text(typical_mps)}, which nothing "
        f"is: times or positions are in other units, or columns are others; {option.format('min')}"
    )


def odd_notes(
    odometer: Odometer,
    fastest: FastestStep | None,
    extent_m: tuple[float, float],
    interval_s: float,
    *,
    has_dates: bool,
    option: str,
) -> list[str]:
    """What is odd about speeds and extent, each with the option that mends it.

    Args:
        odometer: speeds.
        fastest: the fastest step.
        extent_m: width and height of all positions [m].
        interval_s: median time between two records of a user [s].
        has_dates: whether times are dates, whose unit is not in doubt.
        option: what says that units are others, of `unit_option`.
    """
    limit = "--max-speed-mps 100 leaves such records out"
    if odometer.moving_mps.at(0.5) > FASTEST_MPS:
        limit += f"; {option.format('min')}"
    notes = fastest_notes(fastest, limit)
    if not has_dates or interval_s <= LONGEST_DATED_STEP_S:
        fast_mps = odometer.moving_mps.at(0.95) or odometer.moving_mps.largest
        notes += slow_notes(fast_mps, interval_s, option.format("ms"))
    notes += stated_speed_notes(odometer.stated_ratio, option.format("ms"))
    notes += extent_notes(extent_m, "--max-speed-mps 100 leaves out records that are too far off for their time")
    return notes
