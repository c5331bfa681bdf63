"""The ids of users and stations beside their indices, in the plain values of every answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twinhop.placement.problem import PlacementProblem

#: Keys under which indices of stations stand, and under which those of users do; a list has ids in the same order.
STATION_KEYS = {
    "station": "station_id",
    "access": "access_id",
    "from": "from_id",
    "to": "to_id",
    "next_best": "next_best_id",
    "host": "host_id",
    "open": "open_id",
    "without": "without_id",
    "opened_servers": "opened_server_id",
    "shut_servers": "shut_server_id",
    "station_indices": "station_id",
}
USER_KEYS = {
    "user": "user_id",
    "unmeetable": "unmeetable_id",
    "newly_unmeetable": "newly_unmeetable_id",
    "new_users": "new_user_id",
    "missed_users": "missed_user_id",
    "user_indices": "user_id",
}


def with_ids(value: Any, problem: PlacementProblem) -> Any:
    """Plain values in which every index of a user or station has its id beside it.

    The id of ``user`` is ``user_id``, those of the list ``open`` are ``open_ids``; what has no index has no id either.
    Ids that are there already stay.

    Args:
        value: plain values.
        problem: whose users and stations the indices are of.

    >>> import numpy as np
    >>> small = PlacementProblem(np.ones((1, 2)), np.ones(1), np.ones(2), np.ones(2), np.zeros(2), 1.0, 0.0,
    ...                          station_ids=("a", "b"), user_ids=("u",))
    >>> with_ids({"user": 0, "open": [0, 1], "from": None}, small)
    {'user': 0, 'user_id': 'u', 'open': [0, 1], 'open_ids': ['a', 'b'], 'from': None, 'from_id': None}
    """
    if isinstance(value, list):
        return [with_ids(each, problem) for each in value]
    if not isinstance(value, Mapping):
        return value
    answer: dict[str, Any] = {}
    for key, given in value.items():
        answer[key] = with_ids(given, problem)
        for keys, name in ((STATION_KEYS, problem.station_name), (USER_KEYS, problem.user_name)):
            if key in keys:
                beside = _beside(keys[key], given, name)
                answer |= {each: ids for each, ids in beside.items() if each not in value}
    return answer


def _beside(key: str, given: Any, name: Callable[[int], str]) -> dict[str, Any]:
    if isinstance(given, list):
        return {f"{key}s": [name(each) for each in given]}
    return {key: None if given is None else name(given)}
