"""Desired settings on their way to devices: who watches which twin."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from twinhop.live.entry import Kind
from twinhop.live.fold import Folded

Changed = Callable[[int, dict[str, Any]], None]
"""Told of a new version and its values, from the machine's thread; must be quick."""


class DesiredWatch:
    """Doors that hear of desired settings as they change."""

    def __init__(self) -> None:
        self._watching: dict[str, dict[object, Changed]] = {}
        self._lock = threading.Lock()

    def watch(self, twin: str, changed: Changed) -> Callable[[], None]:
        """Tell of a twin's desired settings from now on.

        Returns:
            Ends that.
        """
        key = object()
        with self._lock:
            self._watching.setdefault(twin, {})[key] = changed

        def unwatch() -> None:
            with self._lock:
                watching = self._watching.get(twin, {})
                watching.pop(key, None)
                if not watching:
                    self._watching.pop(twin, None)

        return unwatch

    def folded(self, told: Sequence[tuple[int, Folded]]) -> None:
        """Hear what became of entries, from the machine's thread."""
        if not self._watching:
            return
        for _, each in told:
            if each.entry.kind is Kind.DESIRED and not each.refused:
                with self._lock:
                    watching = list(self._watching.get(each.twin, {}).values())
                for changed in watching:
                    changed(each.entry.facts["version"], each.entry.facts["values"])
