"""What all runs of training share: they are judged, logged and checkpointed, and go on where they were stopped."""

from __future__ import annotations

import math
import shutil
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinhop.inference.checkpoint import BEST, CHECKPOINTS, LAST, Checkpoint, open_checkpoint, pointed_to
from twinhop.learn.checkpoint import load_state, point_to, save_checkpoint
from twinhop.learn.config import AnyTraining
from twinhop.learn.run_log import RunLog
from twinhop.learn.transfer.arrival import SECONDS

_DIGITS = 8
#: Reports the iterations done, those of the whole run, and the latest figures.
Report = Callable[[int, int, dict[str, float]], None]


class KeptRun(ABC):
    """A run in its folder, at its beginning until `_resume` finds more.

    Args:
        config: of the run.
        out: its folder, which holds it alone.
    """

    def __init__(self, config: AnyTraining, out: Path) -> None:
        self._config, self._out = config, out
        self._state: Any = None
        self._iteration = self._saved_at = self._began_at = 0
        self._best: dict[str, Any] = {}
        self._seconds = 0.0

    @abstractmethod
    def _advanced(self) -> dict[str, float]:
        """Go on by an iteration or some; the figures of them."""

    @abstractmethod
    def _weights(self) -> Any:
        """The weights that the run has now."""

    @abstractmethod
    def _judged(self) -> dict[str, Any]:
        """What is said of these weights: `gap_percent`, by which the best are kept, and more."""

    @abstractmethod
    def _record(self) -> dict[str, Any]:
        """What manifests of checkpoints say besides."""

    def _resume(self, like: Any) -> Checkpoint | None:
        """Go on from the last checkpoint; None: there is none.

        Args:
            like: a state of the run, or its shapes.
        """
        last = pointed_to(self._out, LAST)
        if last is None:
            return None
        checkpoint = open_checkpoint(last)
        self._state = load_state(checkpoint, like)
        self._iteration = self._saved_at = self._began_at = checkpoint.iteration
        self._best = dict(open_checkpoint(pointed_to(self._out, BEST) or last).evaluation)
        self._seconds = float(checkpoint.record.get(SECONDS, 0.0))
        return checkpoint

    def _to_the_end(self, report: Report) -> bool:
        """To the end, or to Ctrl-C, which it returns whether there was."""
        config, every = self._config, self._config.evaluation.every
        log = RunLog(self._out, self._iteration)
        try:
            with interrupts() as asked_to_stop:
                while self._iteration < config.iterations and not asked_to_stop():
                    values = self._advanced()
                    is_end = self._iteration == config.iterations
                    evaluation = self._judged() if is_end or self._iteration % every == 0 else {}
                    log.log(self._iteration, {**values, **{f"evaluation/{k}": v for k, v in evaluation.items()}})
                    if evaluation or self._iteration % config.checkpoint_every == 0:
                        self._save(evaluation)
                    report(self._iteration, config.iterations, {**values, **evaluation})
                if self._iteration != self._saved_at:
                    self._save({})
        finally:
            log.close()
        return self._iteration < config.iterations

    def _save(self, evaluation: dict[str, Any]) -> None:
        """Write a checkpoint, let `last` and, where it is, `best` mean it, and drop what neither means."""
        folder = self._out / CHECKPOINTS / f"{self._iteration:0{_DIGITS}d}"
        record = {
            "configuration": self._config.plain(),
            "seed": self._config.seed,
            "iteration": self._iteration,
            "evaluation": evaluation,
            SECONDS: round(self._seconds, 3),
            **self._record(),
        }
        save_checkpoint(folder, record, self._weights(), self._state)
        point_to(self._out, LAST, folder)
        self._saved_at = self._iteration
        if evaluation and evaluation["gap_percent"] < self._best.get("gap_percent", math.inf):
            self._best = evaluation
            point_to(self._out, BEST, folder)
        referenced = {pointed_to(self._out, name) for name in (BEST, LAST)}
        for other in (self._out / CHECKPOINTS).iterdir():
            if other.is_dir() and other not in referenced:
                shutil.rmtree(other, ignore_errors=True)

    def _not_finite(self, name: str, iteration: int) -> str:
        """That a figure is no number, and what is left."""
        last = pointed_to(self._out, LAST)
        good = "no checkpoint was written before" if last is None else f"{last} is the last good checkpoint"
        return f"{self._config.name}: {name} is no longer finite in iteration {iteration}; {good}"


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Inside, the first Ctrl-C is kept for later and the second one ends at once; yields whether there was one."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop.is_set
        return

    def note(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield stop.is_set
    finally:
        signal.signal(signal.SIGINT, before)
