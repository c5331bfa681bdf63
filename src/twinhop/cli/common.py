"""Options that commands share, tables, and progress on what takes long."""

import logging
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from twinhop.cli.exit_codes import INTERRUPTED, REFUSED
from twinhop.cli.minute_lines import MinuteLines
from twinhop.cli.tables import print_list as print_list
from twinhop.cli.tables import print_table as print_table
from twinhop.io.json_text import json_text

if TYPE_CHECKING:
    from twinhop.failures import PolicyFailure
    from twinhop.placement import InfeasibilityProof
    from twinhop.placement.formats import ProblemFile
    from twinhop.plans import Plan
    from twinhop.plans.planner_warnings import PlannerWarning
    from twinhop.plans.result import Case
    from twinhop.scenario import Scenario

#: Progress is shown on what takes longer [s].
PATIENCE_S = 2.0


def _log(verbose: bool) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO, format="%(relativeCreated)7.0f ms  %(name)s: %(message)s")
        logging.getLogger("twinhop").setLevel(logging.INFO)


def _formats(context: typer.Context, value: str) -> str:
    from twinhop.output.kit.style import figure_formats, styled

    context.with_resource(styled(formats=figure_formats(value, "--figure-format")))
    return value


def _style(context: typer.Context, value: str) -> str:
    from twinhop.output.kit.style import figure_style, styled

    context.with_resource(styled(style=figure_style(value, "--figure-style")))
    return value


def positive(value: float | None) -> float | None:
    """A time limit, checked."""
    if value is not None and not value > 0:
        from twinhop.errors import InputError

        raise InputError(f"--time-limit: got {value:g}; expected more than 0 s")
    return value


Source = Annotated[str, typer.Argument(help="Scenario file (YAML), preset name, or problem file (.npz, .json).")]
ProblemFormat = Annotated[
    str | None,
    typer.Option(
        "--problem-format",
        help="Format of a problem file: npz, json, sscflp, or sscflp:LAYOUT where lines do not tell.",
        show_default="by its name",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Root seed; replaces the scenario's.", min=0)]
TimeLimit = Annotated[float | None, typer.Option(callback=positive, help="Wall-clock limit of a solve \\[s].")]
Gap = Annotated[
    float | None,
    typer.Option(
        help="Go on until cost / bound - 1 is at most this (0.01 is 1 %, 0 proves the optimum); without it, stop once "
        "little more is gained.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]
Policy = Annotated[
    str, typer.Option(help="How to decide: a policy, or your own as mine.py:function; lagrangian and exact certify.")
]
Start = Annotated[
    str,
    typer.Option(
        help="What lagrangian starts from: none, a policy such as maddpg, or auto: maddpg where --time-limit is a "
        "second or less.",
    ),
]
From = Annotated[
    Path | None,
    typer.Option(
        "--from", help="A placement.json saved before, or the folder it is in: where the twins are.", show_default=False
    ),
]
Out = Annotated[Path | None, typer.Option(help="Write files into this folder.", show_default=False)]
FigureFormats = Annotated[
    str,
    typer.Option(
        "--figure-format",
        help="Formats of the figures in --out: png, pdf, svg, separated by commas.",
        callback=_formats,
    ),
]
FigureStyles = Annotated[
    str,
    typer.Option(
        "--figure-style",
        help="screen, or paper: no titles, one or two columns wide, type of 8 points, for a publication.",
        callback=_style,
    ),
]
ForceOut = Annotated[
    bool, typer.Option("--force", help="Replace files in the folder that no run of twinhop has written.")
]
NoHtml = Annotated[
    bool, typer.Option("--no-html", help="Leave out the page report.html in --out; twinhop report makes it later.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", callback=_log, help="Log what the solver does.")]


def print_json(value: Mapping[str, Any]) -> None:
    """An answer as JSON on standard output, with the version of its schema."""
    from twinhop.result import versioned

    print_document(versioned(value))


def print_document(value: Any) -> None:
    """JSON of a format that others define, such as GeoJSON, on standard output."""
    typer.echo(json_text(value, indent=None), nl=False)


def print_result(result: Any, as_json: bool, show: Callable[[Any], None], written: Sequence[Path | str] = ()) -> None:
    """A result on standard output: as JSON, or as tables and the files that were written.

    Args:
        result: has a `to_json`.
        as_json: whether JSON was asked for.
        show: prints its tables.
        written: files.
    """
    if as_json:
        print_json(result.to_json())
        return
    show(result)
    for path in written:
        typer.echo(f"wrote {path}")


def print_notes(notes: Sequence[str], *, err: bool = False) -> None:
    """What is worth knowing about an answer, a line each."""
    for note in notes:
        typer.echo(f"note: {note}", err=err)


def print_warnings(said: "Sequence[PlannerWarning]") -> None:
    """What a planner needs to know, a line each."""
    for each in said:
        typer.echo(f"warning: {each.message}")


@contextmanager
def _spinner(title: str) -> Iterator[Callable[[str], None]]:
    """A spinner on standard error once two seconds have passed, or a line a minute where that is no terminal.

    Yields:
        To be called with the words beside it.
    """
    from rich.console import Console
    from rich.markup import escape

    console = Console(stderr=True)
    if not console.is_terminal:
        with MinuteLines(title) as lines:
            yield lines.update
        return
    status = console.status(escape(title))
    timer = threading.Timer(PATIENCE_S, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda words: status.update(escape(words))
    finally:
        timer.cancel()
        status.stop()


@contextmanager
def progress(title: str) -> Iterator[Callable[[float, float], None]]:
    """Show a spinner with the best cost and bound on standard error once two seconds have passed.

    Yields:
        To be called with the best cost and the best bound so far.
    """
    started = time.perf_counter()

    def report(cost: float, bound: float) -> None:
        known = f"cost {cost:.5g}" if cost < float("inf") else "no plan yet"
        proof = f", bound {bound:.5g}" if bound == bound else ""
        say(f"{title}: {known}{proof}, {time.perf_counter() - started:.0f} s (Ctrl-C: best so far)")

    with _spinner(title) as say:
        yield report


@contextmanager
def sampling_progress(title: str, samples: int) -> Iterator[Callable[[int, int], None]]:
    """The same for samples.

    Yields:
        To be called with the number of samples done and of those broken.
    """
    with _spinner(title) as say:
        yield lambda done, broken: say(f"{title}: {done} of {samples} samples, {broken} broken")


def save(out: Path | None, write: Callable[[Path], list[Path]], command: str) -> tuple[list[Path], bool]:
    """Write an answer into a folder where one is given; Ctrl-C gives the writing up and leaves the folder as it was.

    Files of an earlier run that this one does not write are removed, and named: they would be taken for its own.

    Args:
        out: the folder, or None.
        write: writes into it and returns the files.
        command: what writes there, of `own_files.FILES`.

    Returns:
        The files written, and whether Ctrl-C came first.
    """
    if out is None:
        return [], False
    from twinhop.cli.own_files import earlier_files, remove_stale

    earlier = earlier_files(out, command)
    try:
        with progress(f"writing {out}"):
            written = write(out)
    except KeyboardInterrupt:
        return [], True
    say_removed(remove_stale(earlier, written))
    return written, False


def say_removed(paths: Sequence[Path]) -> None:
    """Name files of an earlier run that were removed, a line each."""
    for path in paths:
        typer.echo(f"twinhop: removed {path}: of an earlier run", err=True)


def exit_interrupted(what: str, written: Sequence[Path]) -> NoReturn:
    """End an interrupted run: say what there is, and whether files were written."""
    files = f"{len(written)} files were written" if written else "no files were written"
    typer.echo(f"twinhop: interrupted; {what}, {files}", err=True)
    raise typer.Exit(INTERRUPTED)


def exit_if_failed(failures: "Sequence[PolicyFailure]") -> None:
    """End with exit code 2 where policies of the user's own failed, a line each, once the others' results are shown."""
    from twinhop.cli.surroundings import say
    from twinhop.failures import failure_lines

    for words in failure_lines(failures):
        say(f"policy: {words}")
    if failures:
        raise typer.Exit(REFUSED)


@contextmanager
def counting_progress(title: str, total: int, noun: str) -> Iterator[Callable[[int], None]]:
    """The same for things that are done one after the other.

    Yields:
        To be called with the number of those done.
    """
    with _spinner(title) as say:
        yield lambda done: say(f"{title}: {done} of {total} {noun}")


@contextmanager
def share_progress(title: str, noun: str) -> Iterator[Callable[[int, int], None]]:
    """The same where how many there are is found on the way.

    Yields:
        To be called with the number of those done and of all.
    """
    with _spinner(title) as say:
        yield lambda done, total: say(f"{title}: {done} of {total} {noun}")


@contextmanager
def infeasible_exits(
    name: str, answer: Callable[["InfeasibilityProof"], Any], as_json: bool, notes: Sequence[str] = ()
) -> Iterator[None]:
    """Inside, a proof that there is no plan is printed, as JSON too where asked for, and ends the program.

    Args:
        name: of the case.
        answer: what to print as JSON.
        as_json: whether JSON was asked for.
        notes: how the case was read, on which the proof rests.
    """
    from twinhop.placement import InfeasibleProblem

    try:
        yield
    except InfeasibleProblem as error:
        if as_json:
            print_json(answer(error.proof))
        typer.echo(f"twinhop: {name}: {error}", err=True)
        print_notes(notes, err=True)
        raise typer.Exit(REFUSED) from None


def proof_answer(source: str, read: Callable[[], "Case"]) -> Callable[["InfeasibilityProof"], Any]:
    """The JSON of a proof where several plans were asked for.

    Args:
        source: name of the scenario or problem.
        read: makes the case of which users and stations are.
    """
    from twinhop.output.plans.plan import proof_values
    from twinhop.plans.ids import with_ids

    def answer(proof: "InfeasibilityProof") -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were said when the case was first made
            problem = read().problem
        return with_ids({"source": source, "feasible": False, "proof": proof_values(proof)}, problem)

    return answer


def read_case(source: str, seed: int | None, problem_format: str | None) -> "Case":
    """The scenario or problem that a command is about, with a spinner where reading it takes long."""
    from twinhop.plans.planning import make_case

    with progress(f"reading {source}"):
        return make_case(source, seed, problem_format=problem_format)


def read_source(source: str, seed: int | None, problem_format: str | None) -> "Scenario | ProblemFile":
    """The scenario or problem file that a command is about, with a spinner where reading it takes long."""
    from twinhop.plans.planning import load_source

    with progress(f"reading {source}"):
        return load_source(source, seed, problem_format)


def case_of(loaded: "Scenario | ProblemFile", source: str, seed: int | None = None) -> "Case":
    """What a plan needs of what has been read, with a spinner."""
    from twinhop.plans.planning import make_case

    with progress(f"links of {source}"):
        return make_case(loaded, seed, Path(source).stem)


def plan_or_saved(
    case: "Case",
    saved: Path | None,
    policy: str,
    time_limit: float | None,
    gap: float | None,
    as_json: bool,
) -> "Plan":
    """The saved placement of a case where one is given, else a plan of it; exits where that is proved infeasible."""
    from twinhop.output.plans.plan import infeasible_answer
    from twinhop.plans.planning import plan_case
    from twinhop.plans.saved_placement import plan_of_saved

    if saved is not None:
        return plan_of_saved(case, saved)
    limit = float("inf") if time_limit is None else time_limit
    with (
        infeasible_exits(case.name, lambda proof: infeasible_answer(case, policy, proof), as_json, case.notes),
        progress(f"{policy} on {case.name}") as report,
    ):
        return plan_case(case, policy, time_limit_s=limit, gap=gap, on_progress=report)
