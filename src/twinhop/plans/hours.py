"""The cases of several hours of a scenario whose section `load` says how much of its demand there is in each."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from twinhop.errors import InputError
from twinhop.placement import PlacementProblem
from twinhop.plans.planning import load, make_case
from twinhop.plans.result import Case
from twinhop.scenario import Scenario
from twinhop.scenario.schema.load_section import HOURS

#: What the text of hours may be, for messages.
ACCEPTED = f"expected hours from 0 to {HOURS - 1}, such as 0-{HOURS - 1} or 7,8,12-14"


def parse_hours(text: str) -> tuple[int, ...]:
    """Hours of the day from their text: numbers and spans, separated by commas, in the order that they are written.

    Args:
        text: such as ``0-23`` or ``7,8,12-14``; both ends of a span belong to it.

    Returns:
        The hours, each from 0 to 23 and none twice.

    Raises:
        InputError: it is no such text, names an hour that no day has, or names one twice.

    >>> parse_hours("7,8,12-14")
    (7, 8, 12, 13, 14)
    """
    hours: list[int] = []
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) > 2 or not all(end.isascii() and end.isdecimal() for end in ends):
            raise InputError(f"hours: got {part.strip()[:40]!r}; {ACCEPTED}")
        first, last = int(ends[0][:9]), int(ends[-1][:9])
        if last >= HOURS or first >= HOURS:
            raise InputError(f"hours: a day has no hour {max(first, last)}; {ACCEPTED}")
        if last < first:
            raise InputError(f"hours: {first}-{last} runs backwards; {ACCEPTED}, and {first}-23,0-{last} over midnight")
        for hour in range(first, last + 1):
            if hour in hours:
                raise InputError(f"hours: hour {hour} is named twice in {text[:40]!r}; each is planned once")
            hours.append(hour)
    return tuple(hours)


def cases_of_hours(
    source: Scenario | str | Path | PlacementProblem, hours: Sequence[int], seed: int | None = None
) -> tuple[Case, ...]:
    """One case an hour: what `plan` makes of the scenario with `load.hour` at that hour, to the bit.

    Stations are the same in every case, in the same order. Users are those that are there in the hour, in the order of
    the scenario; match them by `PlacementProblem.user_ids`.

    Args:
        source: a scenario with a section ``load``, its path, or a preset.
        hours: from 0 to 23.
        seed: replaces the scenario's root seed.

    Returns:
        The cases, in the order of the hours.

    Raises:
        InputError: the source is no scenario, it has no section ``load``, or an hour is none of a day.
    """
    for hour in hours:
        if isinstance(hour, bool) or hour not in range(HOURS):
            raise InputError(f"hours: a day has no hour {hour!r}; {ACCEPTED}")
    scenario = scenario_with_load(source, seed)
    assert scenario.load is not None
    cases = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for hour in hours:
            at_hour = scenario.load.model_copy(update={"hour": int(hour)})
            cases.append(make_case(scenario.model_copy(update={"load": at_hour})))
    for text, category in dict.fromkeys((str(each.message), each.category) for each in caught):
        warnings.warn(text, category, stacklevel=2)
    return tuple(cases)


def scenario_with_load(source: Scenario | str | Path | PlacementProblem, seed: int | None = None) -> Scenario:
    """A scenario that says how much of its demand there is in each hour.

    Raises:
        InputError: the source is no scenario, or has no section ``load``; the message says what to add.
    """
    loaded = load(source, seed) if isinstance(source, str | Path) else source
    if isinstance(loaded, PlacementProblem):
        name = f"{source}: " if isinstance(source, str | Path) else ""
        raise InputError(f"{name}is a problem, which has no hours; expected a scenario with a section load")
    if not isinstance(loaded, Scenario):
        raise InputError(f"expected a Scenario, a path or a preset name, got {type(loaded).__name__}")
    if isinstance(source, Scenario) and seed is not None:
        loaded = loaded.with_seed(seed)
    if loaded.load is None:
        raise InputError(
            f"{loaded.where}: has no section load, so that every hour is the same; add `load: {{hour: 8, profile: "
            f"[0.1, ...]}}` with {HOURS} factors, hour 0 first"
        )
    return loaded
