"""How long a solver may go on: time, gap, and the user's Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from twinhop.compile_time import solving_clock_s

#: Without a gap asked for, `lagrangian` goes on for so long while its own is wide [s], which it is above this.
PATIENCE_S, WIDE = 10.0, 0.01


@dataclass
class Budget:
    """Limits of one solve; solvers ask `exhausted` between pieces of work and then return the best they have.

    Attributes:
        time_limit_s: limit [s], inf for none, on a clock that stands still while functions are compiled or loaded.
        gap: stop once cost / bound - 1 is at most this, and not before; None: once little more is to be gained.
        patience_s: where no gap is asked for, how long `lagrangian` goes on while its own is wide [s].
        on_progress: called with the cost of the best plan and the best bound so far (nan where there is none).
        interrupted: set by Ctrl-C inside `catch_interrupt`.
    """

    time_limit_s: float = float("inf")
    gap: float | None = None
    on_progress: Callable[[float, float], None] | None = None
    interrupted: bool = False
    started: float = field(default_factory=lambda: solving_clock_s())
    patience_s: float = PATIENCE_S

    def elapsed_s(self) -> float:
        """Seconds since the budget was made, without those in which functions were compiled or loaded."""
        return solving_clock_s() - self.started

    def remaining_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.time_limit_s - self.elapsed_s())

    def exhausted(self) -> bool:
        """Whether to stop now."""
        return self.interrupted or self.elapsed_s() >= self.time_limit_s

    def report(self, cost: float, bound: float) -> None:
        """Pass progress on to whoever listens."""
        if self.on_progress is not None:
            self.on_progress(cost, bound)

    @contextmanager
    def catch_interrupt(self) -> Iterator[None]:
        """Inside, the first Ctrl-C asks for the best answer so far; a second one ends the program at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.getsignal(signal.SIGINT)

        def on_interrupt(_signum: int, _frame: object) -> None:
            self.interrupted = True
            signal.signal(signal.SIGINT, before)

        signal.signal(signal.SIGINT, on_interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@dataclass
class SubBudget(Budget):
    """A part of the time of a whole budget; it ends with that one at the latest, by Ctrl-C too.

    Attributes:
        whole: the budget it is a part of.
    """

    whole: Budget = field(default_factory=Budget)

    def remaining_s(self) -> float:
        """Seconds left, never below 0."""
        return min(super().remaining_s(), self.whole.remaining_s())

    def exhausted(self) -> bool:
        """Whether to stop now."""
        return self.whole.exhausted() or super().exhausted()
