"""Service twins that follow the device twins of a host."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinhop.errors import InputError
from twinhop.live.entry import Kind
from twinhop.live.fold import Folded, State, TwinFold
from twinhop.live.projections.saved import load_arrays, save_arrays
from twinhop.twin import TwinSchema
from twinhop.twin.service.service_twin import ServiceTwin, Staleness

FILE = "services.bin"


@dataclass(frozen=True)
class ServiceDefinition:
    """A service that is followed.

    Attributes:
        make: its twin, fed with nothing yet.
        text: what it is made of; state that was saved under another text is not taken up.
        schema: of the device twins that it is fed with; others are strangers.
        aggregates: names of its aggregates.
    """

    make: Callable[[], ServiceTwin]
    text: str
    schema: TwinSchema
    aggregates: tuple[str, ...]


@dataclass(frozen=True)
class ServiceView:
    """A service at one moment.

    Attributes:
        name: its id.
        members: device twins that belong to it.
        aggregates: values by name.
        staleness: ages of the members' newest updates on the twins' axis.
        age_s: since anything changed it, by the host's clock; infinite before [s].
    """

    name: str
    members: int
    aggregates: Mapping[str, NDArray[np.float64]]
    staleness: Staleness
    age_s: float


class Services:
    """The services of a host.

    Each twin's state after an update is what a service is fed with, numbered by the twin's revision, so that being told
    anew changes nothing. After a kill, a member's way between its saved state and its checkpoint is one step: what
    counts steps (flows) has one move there, and all else is as if nothing had happened.

    Args:
        folder: where they are saved.
        definitions: by id.

    Attributes:
        is_whole: as of `Roster`.
    """

    def __init__(self, folder: Path, definitions: Mapping[str, ServiceDefinition]) -> None:
        self.is_whole = True
        self._path, self._definitions = folder / FILE, dict(definitions)
        self._twins = {name: each.make() for name, each in self._definitions.items()}
        self._changed_s = dict.fromkeys(self._definitions, -math.inf)
        self._latest_s = -math.inf
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the services."""
        return tuple(self._definitions)

    def fold(self, told: Sequence[tuple[int, Folded]]) -> None:
        """Follow what became of entries, as a host's `listen`."""
        if not self._definitions:
            return
        with self._lock:
            for _, (twin, entry, _, _, refused, state) in told:
                if entry.kind is Kind.ERASE and not refused:
                    for each in self._twins.values():
                        each.forget(twin, self._latest_s)
                elif state is not None:
                    is_described = entry.kind in (Kind.CREATE, Kind.ATTRIBUTES, Kind.RESUMED)
                    received_s = -math.inf if entry.update is None else entry.update.received_s
                    self._feed(twin, state, is_described, -math.inf if received_s is None else received_s)

    def take(self, fold: TwinFold) -> None:
        """Follow a twin that was read, where nothing was saved of it."""
        with self._lock:
            self._feed(fold.twin.id, fold.state(), True, -math.inf)

    def view(self, name: str, now_s: float) -> ServiceView:
        """A service as it is; from any thread.

        Args:
            name: its id.
            now_s: the time of day by the host's clock [s].

        Raises:
            InputError: there is no such service.
        """
        if name not in self._definitions:
            raise InputError(f"{name}: there is no such service")
        with self._lock:
            twin = self._twins[name]
            values = {each: twin.value(each) for each in self._definitions[name].aggregates}
            return ServiceView(name, twin.members, values, twin.staleness(now_s), now_s - self._changed_s[name])

    def save(self, mark: int) -> None:
        """Save them, as covering the journal's records up to a position; on disk when this returns.

        Raises:
            NoRoom: the disk is full.
        """
        if not self.is_whole:
            return
        arrays: dict[str, NDArray] = {"latest_s": np.array(self._latest_s)}
        with self._lock:
            for index, (name, twin) in enumerate(self._twins.items()):
                arrays[f"{index}/name"] = np.array(name)
                arrays[f"{index}/text"] = np.array(self._definitions[name].text)
                arrays[f"{index}/changed_s"] = np.array(self._changed_s[name])
                arrays |= {f"{index}/state/{key}": array for key, array in twin.arrays().items()}
        save_arrays(self._path, mark, arrays)

    def load(self, mark: int) -> bool:
        """Take up what was saved, before the host starts.

        Args:
            mark: the low-water mark of the journal.

        Returns:
            Whether all are whole, together with what is told again; else `rebuild` makes them so.
        """
        arrays = load_arrays(self._path, mark)
        self.is_whole = not self._definitions or (arrays is not None and (not arrays or self._restore_all(arrays)))
        return self.is_whole

    def _restore_all(self, arrays: Mapping[str, NDArray]) -> bool:
        self._latest_s = float(arrays.get("latest_s", self._latest_s))
        saved = {str(array): key.removesuffix("/name") for key, array in arrays.items() if key.endswith("/name")}
        return all([self._restore(name, saved.get(name), arrays) for name in self._definitions])

    def _restore(self, name: str, key: str | None, arrays: Mapping[str, NDArray]) -> bool:
        definition = self._definitions[name]
        if key is None or str(arrays.get(f"{key}/text")) != definition.text:
            return False
        state = f"{key}/state/"
        try:
            twin = definition.make()
            twin.restore({each[len(state) :]: array for each, array in arrays.items() if each.startswith(state)})
            self._changed_s[name] = float(arrays[f"{key}/changed_s"])
        except (InputError, KeyError, TypeError, ValueError):
            return False
        self._twins[name] = twin
        return True

    def _feed(self, twin: str, state: State, is_described: bool, received_s: float) -> None:
        has_values = math.isfinite(state.time_s)
        self._latest_s = max(self._latest_s, state.time_s)
        for name, each in self._twins.items():
            if state.schema is not self._definitions[name].schema and state.schema != self._definitions[name].schema:
                continue
            if is_described:
                each.describe(twin, state.attributes)
            if has_values:
                each.feed(twin, state.revision, state.time_s, state.values)
            self._changed_s[name] = max(self._changed_s[name], received_s)
