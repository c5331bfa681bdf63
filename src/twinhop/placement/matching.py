"""Which user, or station, of one problem is which of another: by names, or by an index map."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.problem import IntArray
from twinhop.text import counted

#: Origin of who was not there before.
NEW = -1


def index_of(names: Sequence[Any], noun: str) -> dict[Any, int]:
    """Where each name stands.

    Args:
        names: of users or stations.
        noun: what they are called in messages, such as ``user``.

    Raises:
        InputError: a name is there twice.
    """
    index = dict(zip(names, range(len(names)), strict=True))
    if len(index) < len(names):
        first: dict[Any, int] = {}
        for at, name in enumerate(names):
            if first.setdefault(name, at) != at:
                raise InputError(f"{noun}_ids: {name!r} twice, at {first[name]} and {at}; expected each once")
    return index


def matched(
    before: Sequence[Any] | None, count_before: int, after: Sequence[Any] | None, count: int, noun: str
) -> IntArray:
    """Where each name of a problem stood in the one before.

    Args:
        before: names before; None or empty: they have none.
        count_before: how many there were.
        after: names now; likewise.
        count: how many there are.
        noun: ``user`` or ``station``.

    Returns:
        (count,) indices into those before; `NEW` for who was not there. Without names each is who it was before.

    Raises:
        InputError: a name is there twice; or there are no names to match by, and not as many as before.
    """
    named_before, named = before is not None and len(before) > 0, after is not None and len(after) > 0
    if not (named_before and named):
        if count != count_before or named_before != named:
            of = [counted(count_before, noun) + ("" if named_before else " without names")]
            of.append(counted(count, noun) + ("" if named else " without names"))
            expected = "names in both, or an origin" if noun == "user" else "names in both"
            raise InputError(f"{noun}_ids: {of[0]} before and {of[1]} now cannot be matched; expected {expected}")
        return np.arange(count)
    assert before is not None and after is not None
    if before is after or (count == count_before and tuple(before) == tuple(after)):
        return np.arange(count)
    index_of(after, noun)
    index = index_of(before, noun)
    return np.fromiter((index.get(name, NEW) for name in after), np.int64, count)


def checked_origin(origin: Any, count_before: int, count: int) -> IntArray:
    """An index map from users now to users before.

    Args:
        origin: (N,) indices into the users before, `NEW` for who was not there.
        count_before: how many there were.
        count: N.

    Raises:
        InputError: it is of another length, names a user who was not there, or one twice.
    """
    array = np.asarray(origin)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise InputError(f"origin: got {array.dtype} of shape {array.shape}; expected {count} whole numbers")
    array = array.astype(np.int64)
    if array.min() < NEW or array.max() >= count_before:
        at = int(np.flatnonzero((array < NEW) | (array >= count_before))[0])
        raise InputError(f"origin: {array[at]} at index {at}; expected {NEW} to {count_before - 1}")
    known = np.sort(array[array != NEW])
    twice = np.flatnonzero(known[1:] == known[:-1])
    if twice.size:
        raise InputError(f"origin: {known[twice[0]]} twice; expected each user before once")
    return array
