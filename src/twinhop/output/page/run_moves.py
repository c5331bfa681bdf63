"""The moves of a run, and what its record says of the slot in which each of them happened."""

from __future__ import annotations

from typing import Any

import numpy as np

from twinhop.output.page.column import reals, steps, wholes
from twinhop.output.page.frames import round_number
from twinhop.output.page.run_files import NOWHERE, RunFiles
from twinhop.placement.problem import FloatArray, IntArray
from twinhop.text import counted

#: More moves of a policy than these are not listed: the first are.
MOST_MOVES = 30_000
#: What a record may say beside a move, in the order in which it is told; bit b of a move's facts is `FACTS[b]`.
FACTS = (
    "its host was down",
    "its host was full without it",
    "its update was late in the slot before",
    "its user was away in the slot before",
    "its user had another access station than when it came",
)
NO_FACT = "the policy's choice: its record has no other fact"
#: Pauses are to this share of their median, or finer.
PAUSE_SHARE, PAUSE_LEVELS = 0.001, 2**31 - 2


class MoveRecord:
    """Gathers the moves of a run; every slot is added once, in order."""

    def __init__(self, files: RunFiles) -> None:
        """Begin before slot 0."""
        users = len(files.user_ids)
        self._files = files
        self._host, self._access = np.full(users, NOWHERE), np.full(users, NOWHERE)
        self._seen, self._late = np.full(users, NOWHERE), np.zeros(users, np.bool_)
        self._kept: dict[str, list[Any]] = {
            name: [] for name in ("slot", "user", "from", "to", "facts", "pause_s", "cost")
        }

    def add_all(self) -> None:
        """Go through the files."""
        move_s, terms = float(self._files.constants["move_s"]), self._files.slots["moves"]
        names = ("user", "access", "host", "violation", "moved", "pause_s")
        for batch in self._files.batches(names, ["move_wire_s"]):
            for at in range(len(batch.starts) - 1):
                part = slice(batch.starts[at], batch.starts[at + 1])
                rows = {name: column[part] for name, column in batch.columns.items()}
                self._add(batch.first + at, rows, move_s, float(terms[batch.first + at]))

    def _add(self, slot: int, rows: dict[str, Any], move_s: float, term: float) -> None:
        """Add a slot: its visits, the fixed cost of a move, and what all its moves add to its cost."""
        user, host, access = rows["user"], rows["host"], rows["access"]
        moved = np.flatnonzero(rows["moved"])
        if moved.size:
            movers = user[moved]
            wire_s = move_s + rows["move_wire_s"][moved]
            total_s = float(wire_s.sum())
            values = {
                "slot": np.full(len(moved), slot),
                "user": movers,
                "from": self._host[movers],
                "to": host[moved],
                "facts": self._facts(slot, movers, access[moved]),
                "pause_s": rows["pause_s"][moved],
                "cost": term * wire_s / total_s if total_s > 0 else np.zeros(len(moved)),
            }
            for name, value in values.items():
                self._kept[name].append(value)
        came = host != self._host[user]
        self._access[user[came]] = access[came]
        self._host[user], self._seen[user], self._late[user] = host, slot, rows["violation"].astype(bool)

    def _facts(self, slot: int, movers: IntArray, access: IntArray) -> IntArray:
        """The facts beside the moves of a slot, as bits of `FACTS`."""
        stations, before = self._files.stations, self._host[movers]
        up, load, seats = (stations[name][slot, before] for name in ("up", "users", "capacity"))
        without_pause = self._seen[movers] == slot - 1
        known = (
            up == 0,
            (up != 0) & (load >= seats),
            without_pause & self._late[movers],
            ~without_pause,
            access != self._access[movers],
        )
        return sum(
            (np.asarray(each).astype(np.int64) << bit for bit, each in enumerate(known)),
            np.zeros(len(movers), np.int64),
        )

    def all(self) -> dict[str, Any]:
        """The moves as arrays, in the order of slots and users."""
        empty = {"pause_s": float, "cost": float}
        return {
            name: np.concatenate(parts) if parts else np.zeros(0, empty.get(name, np.int64))
            for name, parts in self._kept.items()
        }


def move_fields(files: RunFiles, drawn: IntArray) -> tuple[dict[str, Any], list[str]]:
    """The fields ``moves`` and ``reasons`` of a policy.

    Args:
        files: of its run.
        drawn: (n,) users that the page draws; moves of others are not listed.

    Returns:
        The fields, and notes.
    """
    record = MoveRecord(files)
    record.add_all()
    moves = record.all()
    place = np.full(len(files.user_ids), NOWHERE)
    place[drawn] = np.arange(len(drawn))
    shown = np.flatnonzero(place[moves["user"]] >= 0)
    notes = []
    if len(shown) > MOST_MOVES:
        last = int(moves["slot"][shown[MOST_MOVES - 1]])
        notes = [f"{counted(len(shown), 'move')}; the first {MOST_MOVES} are listed, up to slot {last}."]
        shown = shown[:MOST_MOVES]
    moves = {name: each[shown] for name, each in moves.items()}
    facts, reason = np.unique(moves["facts"], return_inverse=True)
    fields = {
        "slot": wholes(moves["slot"], delta=True),
        "user": wholes(place[moves["user"]]),
        "from": wholes(moves["from"]),
        "to": wholes(moves["to"]),
        "reason": wholes(reason),
        "pause_s": _pauses(moves["pause_s"]),
        "cost": reals(moves["cost"]),
    }
    return {"moves": fields, "reasons": [_in_words(int(each)) for each in facts]}, notes


def _pauses(pause_s: FloatArray) -> Any:
    if not pause_s.size or not np.isfinite(pause_s).all():
        return reals(pause_s)
    step_s = round_number(PAUSE_SHARE * float(np.median(pause_s)))
    return steps(pause_s, max(step_s, float(np.ptp(pause_s)) / PAUSE_LEVELS))


def _in_words(facts: int) -> str:
    """The facts beside a move as a text.

    >>> _in_words(0), _in_words(5)
    ("the policy's choice: its record has no other fact", 'its host was down; its update was late in the slot before')
    """
    told = [text for bit, text in enumerate(FACTS) if facts >> bit & 1]
    return "; ".join(told) if told else NO_FACT
