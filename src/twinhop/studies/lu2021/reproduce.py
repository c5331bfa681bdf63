"""The paper's figures, remade: plan, forecast, units, figures, claims."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError, WarmUpWarning
from twinhop.extras import require_extra
from twinhop.failures import PolicyFailure
from twinhop.io.folders import owned, require_writable
from twinhop.placement.policy import PolicyLike
from twinhop.placement.solve import check_limits
from twinhop.processes import Progress
from twinhop.result import Result
from twinhop.runs.process_count import process_count
from twinhop.studies.lu2021.claims import CLAIMS, Finding, findings
from twinhop.studies.lu2021.forecast import expected_hours
from twinhop.studies.lu2021.plan import plan_of
from twinhop.studies.lu2021.policies import bars_of, chosen_bars, do_bars, require_fitting
from twinhop.studies.lu2021.report import save_results
from twinhop.studies.lu2021.results import Results, read_results
from twinhop.studies.lu2021.runner import do_units, prepare_jax
from twinhop.studies.lu2021.setting import parse_setting, scenario_of
from twinhop.studies.lu2021.unit import SOLVERS, Unit
from twinhop.text import counted, in_a_line

#: In the configuration of a learner: first iterations, in which the actor does not learn.
WARM_UP = "critic_only_iterations"
FIG9 = "fig9-comparison"

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Reproduction(Result):
    """What was remade.

    Attributes:
        results: all that the folder keeps.
        findings: by algorithm, one a claim.
        files: what was written.
        failures: where policies of the user's own gave no answer; they have no bar of that setting and seed.
    """

    results: Results
    findings: dict[str, list[Finding]]
    files: tuple[Path, ...]
    failures: tuple[PolicyFailure, ...] = ()

    def __repr__(self) -> str:
        return in_a_line(self, ", ".join(self.findings) or "no algorithm", counted(len(self.files), "file"))

    def rows(self) -> list[dict[str, Any]]:
        """A row a claim of the paper, with the verdict on each algorithm."""
        return [
            {"figure": claim.figure, "claim": claim.words}
            | {name: each[at].verdict for name, each in self.findings.items()}
            for at, claim in enumerate(CLAIMS)
        ]

    def plot(  # pyright: ignore[reportIncompatibleMethodOverride]: the figure comes first, as it did before
        self, figure: str = FIG9, ax: Axes | None = None, panel: str | None = None, *, style: str | None = None
    ) -> Figure | Axes:
        """Draw one of the figures, or one of its panels into axes of yours.

        Args:
            figure: fig7-convergence, fig8-episode, fig9-comparison or fig10-training-time.
            ax: where to draw a panel; its title is left to you. None: the whole figure.
            panel: such as ``system cost`` of Fig. 9 or ``structured, system cost`` of Fig. 7; None: the first.
            style: ``screen`` or ``paper``, as of all results.

        Returns:
            The figure, or the axes that were given.

        Raises:
            InputError: there is no such figure or panel.
        """
        options = {"figure": figure, "panel": panel}
        return super().plot(style=style, **options) if ax is None else super().plot(ax, style=style, **options)


def reproduce_lu2021(
    *,
    quick: bool = False,
    settings: Sequence[str] | None = None,
    algorithms: Sequence[str] | None = None,
    seeds: int | None = None,
    iterations: int | None = None,
    out: str | Path | None = None,
    jobs: int | None = None,
    policies: str | Sequence[PolicyLike] | None = None,
    time_limit_s: float | None = None,
    on_forecast: Callable[[int, float], None] | None = None,
    on_progress: Progress | None = None,
) -> Reproduction:
    """Remake Fig. 7 to 10 of Lu et al., by several algorithms, and put the paper's claims to the test.

    Args:
        quick: small settings, three seeds, few iterations, and one seed of two algorithms at 100 users and 10 stations.
        settings: names such as ``n80-m5``; None: the paper's four, or those of a quick run.
        algorithms: ``literal``, ``literal-penalty``, ``flat``, ``structured``; None: all four.
        seeds: how many; None: ten.
        iterations: of every run; None: 1,500 of literal ones, 300 of `flat`, 1,000 of `structured`.
        out: folder; runs that are finished in it are not done again, and count in figures and claims.
        jobs: processes; None: one a core.
        policies: further bars of Fig. 9, judged on the same slots: of placement, as in `plan`, also your own. Those are
            judged anew in every call, before anything is trained.
        time_limit_s: of each of their decisions [s]; your own then run in a process that is ended where they go on, if
            they can be sent to one. None: no limit.
        on_forecast: told how many units are left and the hours expected, before they begin.
        on_progress: told how much is done, and how much there is.

    Returns:
        Results, findings and files.

    Raises:
        MissingExtra: packages of the extra are not installed.
        InputError: an argument is wrong, or the folder holds other runs of the same names.

    Warns:
        WarmUpWarning: runs of an algorithm end before its actor begins to learn.
    """
    if time_limit_s is not None:
        check_limits(time_limit_s, None)
    if jobs is not None and jobs < 1:
        raise InputError(f"--jobs: got {jobs}; expected a whole number >= 1")
    require_extra("learn", "reproduce lu2021")
    chosen = chosen_bars(policies)
    process_count(chosen, jobs, 1)
    parsed = None if settings is None else [parse_setting(text) for text in settings]
    plan = plan_of(quick=quick, settings=parsed, algorithms=algorithms, seeds=seeds, iterations=iterations)
    bars = bars_of(chosen, plan.units, time_limit_s)
    processes = min(os.cpu_count() or 1 if jobs is None else jobs, len(plan.units))
    with ExitStack() as stack:
        root = _writable(out) or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="twinhop-")))
        stack.enter_context(owned(out))
        left = plan.left(root)
        prepare_jax(root)
        require_fitting(bars)
        _warn_of_warm_up(left)
        if on_forecast is not None:
            on_forecast(len(left), expected_hours(left, root, processes))
        failures = do_bars(bars, root, process_count(chosen, jobs, processes), on_progress)
        do_units(left, root, processes, on_progress)
        results = read_results(root)
        files = () if out is None else tuple(save_results(results, root, failures))
    return Reproduction(results, {name: findings(results, name) for name in results.algorithms}, files, failures)


def _warn_of_warm_up(units: Sequence[Unit]) -> None:
    """Say of each algorithm whose runs end before its actor begins to learn."""
    from twinhop.env.core import params_of
    from twinhop.learn.learners import make_learner

    for kind, unit in {unit.kind: unit for unit in units if unit.kind != SOLVERS}.items():
        params = params_of(scenario_of(unit.setting, unit.world_seed))
        starts_at = make_learner(kind, params, unit.iterations).configuration.get(WARM_UP, 0)
        if unit.iterations <= starts_at:
            warnings.warn(
                f"{kind}: {unit.iterations} iterations are within the warm-up of {starts_at}, in which the critic "
                f"alone learns: its curves are flat; expected --iterations of more than {starts_at}",
                WarmUpWarning,
                stacklevel=3,
            )


def _writable(out: str | Path | None) -> Path | None:
    if out is None:
        return None
    require_writable(out)
    return Path(out)
