"""`twinhop plan` with `--hours`, `--also` or `--samples`: one plan for many hours, forecasts or samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from twinhop.cli.common import (
    exit_interrupted,
    infeasible_exits,
    print_notes,
    print_result,
    print_table,
    progress,
    save,
)
from twinhop.errors import InputError

if TYPE_CHECKING:
    from twinhop.plans import JointPlan
    from twinhop.plans.joint_plan import Weights as WeightsOfCases

Hours = Annotated[
    str | None,
    typer.Option(help="One plan for these hours of the day together: 0-23, or 7,8,12-14.", show_default=False),
]
Also = Annotated[
    list[str] | None,
    typer.Option(
        help="One plan for SOURCE and this one together, a forecast, say; repeat for more.", show_default=False
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(help="One plan for so many samples of the users' load together, with --load.", show_default=False),
]
Load = Annotated[
    str | None,
    typer.Option(help="How far the load of each user varies in --samples: 20 is +-20 %.", show_default=False),
]
Robust = Annotated[
    str,
    typer.Option(help="What costs of hours, forecasts or samples count as together: their mean, worst, or cvar."),
]
CvarLevel = Annotated[
    float | None,
    typer.Option(help="With --robust cvar: the mean of this share of them, the dearest ones.", show_default="0.2"),
]
Weights = Annotated[
    str | None,
    typer.Option(
        help="What each hour or forecast weighs in the mean, separated by commas; or users: as many as are there.",
        show_default="all alike",
    ),
]


@dataclass(frozen=True)
class Together:
    """What is to be planned together, as it was written.

    Attributes:
        source: the scenario.
        hours: of the day.
        also: further sources.
        samples: of the load.
        load: how far it varies.
        robust: name of the risk measure.
        cvar_level: its level.
        weights: of the hours or forecasts.
    """

    source: str
    hours: str | None
    also: Sequence[str]
    samples: int | None
    load: str | None
    robust: str
    cvar_level: float | None
    weights: str | None

    def is_asked(self) -> bool:
        """Whether one plan for many cases is asked for.

        Raises:
            InputError: options that only such a plan has are given without what it is for.
        """
        kinds = {"--hours": self.hours is not None, "--also": bool(self.also), "--samples": self.samples is not None}
        asked = [name for name, given in kinds.items() if given]
        if len(asked) > 1:
            raise InputError(f"{' and '.join(asked)}: expected one of them")
        alone = {
            "--robust": self.robust != "mean",
            "--cvar-level": self.cvar_level is not None,
            "--weights": self.weights is not None,
            "--load": self.load is not None,
        }
        for name, given in alone.items():
            if given and not asked:
                raise InputError(f"{name}: needs what is planned together; give --hours, --also or --samples")
        if self.samples is None and self.load is not None:
            raise InputError("--load: is of --samples alone; leave it out")
        if self.samples is not None and self.load is None:
            raise InputError("--samples: how far does the load vary? Give --load, as in --load 20 for +-20 %")
        if self.samples is not None and self.weights is not None:
            raise InputError("--weights: samples weigh alike; leave it out")
        return bool(asked)


def plan_together(
    together: Together,
    others: Mapping[str, Any],
    seed: int | None,
    problem_format: str | None,
    time_limit_s: float,
    gap: float | None,
    as_json: bool,
    out: Path | None,
    force: bool,
    *,
    html: bool,
) -> None:
    """Plan many cases together and print what that costs; see `twinhop.plans.joint_plan`.

    Args:
        together: what is planned.
        others: options of `twinhop plan` that one plan for many cases does not have, by name; refused where given.
        seed: replaces the root seed.
        problem_format: of problem files.
        time_limit_s: limit of the solve [s].
        gap: to go on to.
        as_json: whether to print JSON.
        out: folder for files.
        force: whether foreign files may be replaced.
        html: whether to write the page.
    """
    from twinhop.cli.own_files import require_own
    from twinhop.output.plans.plan import proof_values

    for name, value in others.items():
        if value not in (None, [], "lagrangian"):
            raise InputError(f"--{name}: is for the plan of a single case; leave it out, or --hours, --also, --samples")
    weights = parse_weights(together.weights)
    require_own(out, "together", force)
    name = Path(together.source).stem
    with (
        # of which case the users are, the message says
        infeasible_exits(
            name, lambda proof: {"source": name, "feasible": False, "proof": proof_values(proof)}, as_json
        ),
        progress(f"one plan for {name}") as report,
    ):
        limits = {"seed": seed, "time_limit_s": time_limit_s, "gap": gap, "on_progress": report}
        plan = _planned(together, weights, problem_format, limits)
    written, gave_up = save(out, partial(plan.save, html=html), "together")
    print_result(plan, as_json, _show, written)
    if plan.solution.interrupted or gave_up:
        exit_interrupted("this is the best plan found", written)


def parse_weights(text: str | None) -> "list[float] | Literal['users'] | None":
    """Weights from their text: numbers, or ``users``.

    Raises:
        InputError: it holds something else than numbers.

    >>> parse_weights("1, 2,0.5")
    [1.0, 2.0, 0.5]
    """
    if text is None or text == "users":
        return text
    try:
        return [float(each) for each in text.split(",")]
    except ValueError:
        raise InputError(
            f"weights: got {text[:40]!r}; expected numbers above 0, separated by commas, or users"
        ) from None


def _planned(
    together: Together, weights: "WeightsOfCases", problem_format: str | None, limits: dict[str, Any]
) -> "JointPlan":
    from twinhop.plans.hours import parse_hours
    from twinhop.plans.joint_plan import plan_forecasts, plan_hours, plan_samples
    from twinhop.plans.robustness import parse_load

    risk = {"robust": together.robust, "cvar_level": together.cvar_level}
    if together.hours is not None:
        return plan_hours(together.source, parse_hours(together.hours), weights=weights, **risk, **limits)
    if together.samples is not None and together.load is not None:
        return plan_samples(together.source, together.samples, parse_load(together.load), **risk, **limits)
    sources = [together.source, *together.also]
    return plan_forecasts(sources, weights=weights, problem_format=problem_format, **risk, **limits)


def _show(plan: "JointPlan") -> None:
    from twinhop.output.plans.joint_plan import case_rows, header, own_sentence, verdict, violation_lines

    stations = plan.cases[0].problem.stations
    print_table(f"{plan.name}: {len(plan.cases)} {plan.noun}s, {stations} stations", header(plan), case_rows(plan))
    for text in (verdict(plan), own_sentence(plan), *violation_lines(plan)):
        if text:
            typer.echo(text)
    if plan.solution.timed_out:
        typer.echo(f"stopped at the time limit, after {plan.solution.seconds:.3g} s")
    print_notes(plan.notes)
