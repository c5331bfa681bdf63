"""That the profiles which users and classes follow are there."""

from __future__ import annotations

from twinhop.scenario.fields import problem
from twinhop.scenario.place_sections import DEFAULT_CLASS, FRACTION_TOLERANCE, Users
from twinhop.scenario.schema.load_section import Load
from twinhop.text import suggestion

#: Names listed in a message; the rest are counted.
NAMED = 10


def check_profiles(load: Load | None, users: Users) -> None:
    """Refuse users and classes that follow a profile which `load.profiles` does not have, or none at all.

    Args:
        load: the section, or None.
        users: the section; a CSV file in it has perhaps not been read yet.
    """
    for at, each in enumerate(users.classes):
        if each.load_profile is not None:
            _check(load, each.load_profile, f"class {each.name!r}", "users", "classes", at, "load_profile")
    rows = users.rows or ()
    for at, row in enumerate(rows):
        if row.load_profile is not None:
            _check(load, row.load_profile, f"user {row.id!r}", "users", "list", at, "load_profile")
    if load is None or load.profile is not None or users.csv is not None:
        return
    profile_of = {each.name: each.load_profile for each in users.classes} | {DEFAULT_CLASS: None}
    without = any(each.load_profile is None and each.share > 0 for each in users.classes)
    drawn_without = without or sum(each.share for each in users.classes) < 1 - FRACTION_TOLERANCE
    for row in rows:
        none_of_class = drawn_without if row.user_class is None else profile_of.get(row.user_class) is None
        if row.load_profile is None and none_of_class:
            raise problem(_MISSING.format(who=f"user {row.id!r} follows"), "load", "profile")
    if users.rows is None and drawn_without:
        raise problem(_MISSING.format(who="some users follow"), "load", "profile")


_MISSING = "is required: {who} none of load.profiles by name; give 24 factors, or a profile to each row or class"


def _check(load: Load | None, profile: str, who: str, *path: str | int) -> None:
    known = () if load is None else tuple(load.profiles)
    if profile in known:
        return
    if not known:
        raise problem(f"unknown profile {profile!r} of {who}: there is no load.profiles; give it there", *path)
    more = ", ..." if len(known) > NAMED else ""
    hint = suggestion(profile, known)
    raise problem(f"unknown profile {profile!r} of {who}; {hint}accepted: {', '.join(known[:NAMED])}{more}", *path)
