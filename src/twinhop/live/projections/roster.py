"""Last known position, load and age of every twin, kept apart from the twins so that nothing wakes them for it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinhop.live.entry import Kind
from twinhop.live.fold import Folded, State, TwinFold
from twinhop.live.projections.saved import load_arrays, save_arrays
from twinhop.twin import TwinSchema

FILE = "roster.bin"
#: Dimensions that the roster looks at.
POSITION, LOAD = "position", "load"
#: Load of a twin that states none, as a multiple of the work of an update.
USUAL_LOAD = 1.0
_NUMBERS = ("x_m", "y_m", "load", "observed_s", "received_s", "revision")


@dataclass(frozen=True)
class RosterRows:
    """All twins at one moment, by id.

    Attributes:
        ids: of the twins, ascending.
        xy_m: (n, 2) last known positions, NaN where there is none [m].
        load: (n,) multiple of the work of an update.
        observed_s: (n,) when the newest update was observed, on the twin's axis; minus infinity before the first [s].
        received_s: (n,) when anything came from the device last, by the host's clock; minus infinity: nothing yet [s].
        host: logical host of each, empty before it was placed.
        attributes: of each device, by name.
    """

    ids: tuple[str, ...]
    xy_m: NDArray[np.float64]
    load: NDArray[np.float64]
    observed_s: NDArray[np.float64]
    received_s: NDArray[np.float64]
    host: tuple[str, ...]
    attributes: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class _Row:
    x_m: float = math.nan
    y_m: float = math.nan
    load: float = USUAL_LOAD
    observed_s: float = -math.inf
    received_s: float = -math.inf
    revision: int = -1
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def take(self, state: State) -> None:
        """What a twin's state says, unless something newer is known."""
        if state.revision < self.revision:
            return
        position, load = _columns(state.schema)
        if position is not None:
            self.x_m, self.y_m = state.values[position].tolist()
        if load is not None:
            value = float(state.values[load])
            self.load = value if value == value else USUAL_LOAD
        self.observed_s, self.revision, self.attributes = state.time_s, state.revision, state.attributes


class Roster:
    """The roster of a host.

    It follows from the twins' states and from what was received, and not from the order in which it is told of twins;
    being told anew changes nothing.

    Args:
        folder: where it is saved.
        owners: gives the host of each twin, as `Host.owners` does.

    Attributes:
        is_whole: whether it knows all twins; while it is made anew it does not, and is not saved.
    """

    def __init__(self, folder: Path, owners: Callable[[], Mapping[str, str]] | None = None) -> None:
        self.owners = owners or dict
        self.is_whole = True
        self._path = folder / FILE
        self._rows: dict[str, _Row] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def fold(self, told: Sequence[tuple[int, Folded]]) -> None:
        """Follow what became of entries, as a host's `listen`."""
        with self._lock:
            for _, folded in told:
                entry, state = folded.entry, folded.state
                if entry.kind is Kind.ERASE and not folded.refused:
                    self._rows.pop(folded.twin, None)
                    continue
                row = self._rows.get(folded.twin)
                if row is None:
                    if state is None:
                        continue
                    row = self._rows.setdefault(folded.twin, _Row())
                if state is not None:
                    row.take(state)
                update = entry.update
                if update is not None and update.received_s is not None and not folded.refused:
                    row.received_s = max(row.received_s, update.received_s)

    def take(self, fold: TwinFold) -> None:
        """Follow a twin that was read, where nothing was saved of it."""
        with self._lock:
            self._rows.setdefault(fold.twin.id, _Row()).take(fold.state())

    def rows(self) -> RosterRows:
        """All twins now; from any thread."""
        with self._lock:
            ids = tuple(sorted(self._rows))
            numbers = self._numbers(ids)
            attributes = tuple(self._rows[twin].attributes for twin in ids)
        owners = self.owners()
        x_m, y_m, load, observed_s, received_s, _ = numbers.T
        host = tuple(owners.get(twin, "") for twin in ids)
        return RosterRows(ids, np.stack([x_m, y_m], axis=1), load, observed_s, received_s, host, attributes)

    def save(self, mark: int) -> None:
        """Save it, as covering the journal's records up to a position; it is on disk when this returns.

        Raises:
            NoRoom: the disk is full.
        """
        if not self.is_whole:
            return
        with self._lock:
            ids = tuple(self._rows)
            numbers = self._numbers(ids)
            attributes = json.dumps([dict(self._rows[twin].attributes) for twin in ids]).encode()
        arrays = {"ids": np.array(ids, dtype=np.str_), "numbers": numbers}
        save_arrays(self._path, mark, arrays | {"attributes": np.frombuffer(attributes, np.uint8)})

    def load(self, mark: int) -> bool:
        """Take up what was saved, before the host starts.

        Args:
            mark: the low-water mark of the journal.

        Returns:
            Whether it is whole, together with what is told again; else `rebuild` makes it so.
        """
        arrays = load_arrays(self._path, mark)
        self.is_whole = arrays is not None and (not arrays or self._restore(arrays))
        return self.is_whole

    def _restore(self, arrays: Mapping[str, NDArray]) -> bool:
        ids, numbers, text = (arrays.get(name) for name in ("ids", "numbers", "attributes"))
        if ids is None or numbers is None or text is None or numbers.shape != (len(ids), len(_NUMBERS)):
            return False
        attributes = json.loads(text.tobytes())
        if len(attributes) != len(ids):
            return False
        for twin, row, each in zip(ids.tolist(), numbers.tolist(), attributes, strict=True):
            values = dict(zip(_NUMBERS, row, strict=True))
            self._rows[twin] = _Row(**{**values, "revision": int(values["revision"]), "attributes": each})
        return True

    def _numbers(self, ids: Sequence[str]) -> NDArray[np.float64]:
        rows = [self._rows[twin] for twin in ids]
        return np.array([[getattr(row, name) for name in _NUMBERS] for row in rows]).reshape(-1, len(_NUMBERS))


@lru_cache(256)
def _columns(schema: TwinSchema) -> tuple[slice | None, int | None]:
    """Where a schema has the position and the load; None: it does not."""
    position = load = None
    for dimension in schema.dimensions:
        if dimension.name == POSITION and dimension.columns == 2:
            position = schema.columns(POSITION)
        if dimension.name == LOAD and dimension.columns == 1:
            load = schema.columns(LOAD).start
    return position, load
