"""Twins that have no host yet, put into an order of moves where they are in nobody's way."""

from collections import defaultdict

import numpy as np

from twinhop.plans.order.move_step import MoveStep
from twinhop.plans.order.room import Room


def with_arrivals(room: Room, steps: list[MoveStep], arrivals: list[MoveStep]) -> tuple[list[MoveStep], list[int]]:
    """The steps with each arrival at the first moment from which on its host has room for it for good.

    Args:
        room: at the beginning.
        steps: in order.
        arrivals: of twins without a host, the most urgent first.

    Returns:
        All steps in order, and the users for whom there is no room even at the end.
    """
    targets = {arrival.target for arrival in arrivals}
    moments = {target: [0] for target in targets}
    left = {target: [room.amounts(target)] for target in targets}
    room = room.copy()
    for at, step in enumerate(steps, 1):
        room.move(step.user, step.target)
        for station in {step.origin, step.target} & targets:
            moments[station].append(at)
            left[station].append(room.amounts(station))
    before: dict[int, list[MoveStep]] = defaultdict(list)
    lost = []
    for arrival in arrivals:
        need, amounts = room.needs(arrival.user, arrival.target), left[arrival.target]
        at = len(amounts)
        while at > 0 and (need <= amounts[at - 1]).all():
            at -= 1
        if at == len(amounts):
            lost.append(arrival.user)
            continue
        left[arrival.target] = [*amounts[:at], *(np.subtract(each, need) for each in amounts[at:])]
        before[moments[arrival.target][at]].append(arrival)
    ordered = []
    for at in range(len(steps) + 1):
        ordered += before[at]
        ordered += steps[at : at + 1]
    return ordered, lost
