"""Moves in order where seats alone count: free seats wander from target to origin.

A move from a to b takes a free seat of b and leaves one on a. So the free seats of a set of hosts that reach each other
by moves (a strong component) can go through all its moves along trails, as long as there is one: the moves, with a link
from the end of each trail to the beginning of one, are a circuit of Euler. Components are gone through in the order in
which later ones move into earlier ones. Stuck is a component without a free seat and without a move that leaves it:
then, as all fit in the end, none enters it either, and it takes one twin that makes room on a host outside.
"""

from collections import defaultdict
from dataclasses import dataclass

from twinhop.placement.problem import IntArray


@dataclass(frozen=True)
class Move:
    """A twin that is to move from one station to another."""

    user: int
    origin: int
    target: int


def in_trails(moves: list[Move], free: IntArray) -> tuple[list[Move], list[list[Move]]]:
    """Moves in an order in which each target has a free seat, and what is stuck.

    Args:
        moves: all to be made, between stations.
        free: (M,) free seats before.

    Returns:
        The moves that can be made, in order, and for each stuck component its moves, each of which needs the seat that
        the one before it leaves, the first that of the last. Where stations have more twins than seats (free
        < 0) the order may break them, and is to be checked.
    """
    left, order, stuck = free.copy(), [], []
    component = {station: at for at, group in enumerate(_components(moves)) for station in group}
    inside, into = defaultdict(list), defaultdict(list)
    for move in moves:
        at = component[move.target]
        (inside if component[move.origin] == at else into)[at].append(move)
    for at in range(max(component.values(), default=-1) + 1):
        trails = _circuit(inside[at], left)
        if inside[at] and not any(left[move.target] > 0 for move in inside[at]):
            stuck.append(trails)
            trails = []
        for move in [*trails, *into[at]]:
            left[move.origin] += 1
            left[move.target] -= 1
            order.append(move)
    return order, stuck


def _components(moves: list[Move]) -> list[list[int]]:
    """Strong components of the stations, targets before origins (Tarjan 1972)."""
    following: dict[int, list[int]] = {}
    for move in moves:
        following.setdefault(move.origin, []).append(move.target)
        following.setdefault(move.target, [])
    found, number, low, path, on_path = [], {}, {}, [], set()
    for root in following:
        if root in number:
            continue
        calls = [(root, iter(following[root]))]
        number[root] = low[root] = len(number)
        path.append(root)
        on_path.add(root)
        while calls:
            station, targets = calls[-1]
            target = next(targets, None)
            if target is None:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[station])
                if low[station] == number[station]:
                    at = path.index(station)
                    found.append(path[at:])
                    on_path.difference_update(path[at:])
                    del path[at:]
            elif target not in number:
                number[target] = low[target] = len(number)
                path.append(target)
                on_path.add(target)
                calls.append((target, iter(following[target])))
            elif target in on_path:
                low[station] = min(low[station], number[target])
    return found


def _circuit(moves: list[Move], free: IntArray) -> list[Move]:
    """The moves of one component along trails of its free seats (Hierholzer), each from where a seat is free."""
    if not moves:
        return []
    onward: dict[int, list[Move | None]] = defaultdict(list)
    arriving_less_leaving: dict[int, int] = defaultdict(int)
    for move in moves:
        onward[move.target].append(move)
        arriving_less_leaving[move.target] += 1
        arriving_less_leaving[move.origin] -= 1
    ends = [station for station, more in arriving_less_leaving.items() for _ in range(-more)]
    begins = [station for station, more in arriving_less_leaving.items() for _ in range(more)]
    links: dict[int, list[int]] = defaultdict(list)
    for end, begin in zip(ends, begins, strict=True):
        links[end].append(begin)
        onward[end].append(None)
    start = begins[0] if begins else next((each for each in list(onward) if free[each] > 0), moves[0].target)
    circuit: list[Move | None] = []
    path: list[tuple[int, Move | None]] = [(start, None)]
    while path:
        station, came_by = path[-1]
        if onward[station]:
            move = onward[station].pop()
            path.append((links[station].pop() if move is None else move.origin, move))
        else:
            circuit.append(came_by)
            path.pop()
    circuit = circuit[:-1][::-1]  # without the empty one before the start
    if None in circuit:
        at = circuit.index(None)
        circuit = circuit[at + 1 :] + circuit[:at]
    return [move for move in circuit if move is not None]
