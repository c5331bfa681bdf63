"""The files of a reproduction: figures, and claims.md with seven claims, two contradictions and what is behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from twinhop.failures import PolicyFailure
from twinhop.io.folders import staging
from twinhop.output.kit.style import save_figure
from twinhop.output.kit.tables import change, failure_section, table
from twinhop.stats.sign_test import LEVEL
from twinhop.studies.lu2021.claims import CLAIMS, Finding, by_seed, findings, squares
from twinhop.studies.lu2021.comparison_report import comparison_report, latency_report, value_with_interval
from twinhop.studies.lu2021.figures import FIGURES
from twinhop.studies.lu2021.ratios import PRINTED, Ratios, measured, middle
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.tables import write_tables
from twinhop.studies.lu2021.terms import READINGS, SYSTEM, TIME, Reading
from twinhop.studies.lu2021.unit import SOLVERS
from twinhop.studies.provenance import MADE, made_in_words
from twinhop.text import counted

CLAIMS_FILE = "claims.md"
NO_PAIRS = "no pairs"


def save_results(results: Results, folder: Path, failures: Sequence[PolicyFailure] = ()) -> list[Path]:
    """Write the four figures, their numbers and the verdicts as tables, and claims.md.

    Args:
        results: with at least one run of an algorithm.
        folder: made if missing.
        failures: of further policies.

    Returns:
        The files written.

    Raises:
        InputError: the folder cannot be written; nothing half-written is left.
    """
    with staging(folder) as aside:
        write_results(results, aside, failures)
        names = sorted(path.name for path in aside.iterdir())
    return [folder / name for name in names]


def write_results(results: Results, folder: Path, failures: Sequence[PolicyFailure]) -> None:
    """Write the files of `save_results` into a folder that is there already."""
    for name, draw in FIGURES.items():
        save_figure(draw(results), folder, name)
    write_tables(results, folder)
    (folder / CLAIMS_FILE).write_text(claims_report(results, failures), encoding="utf-8")


def claims_report(results: Results, failures: Sequence[PolicyFailure] = ()) -> str:
    """The report as Markdown."""
    parts = (_head, _claims, _by_reading, _fig7_against_fig8, _fig10, comparison_report, latency_report)
    failed = failure_section(each.in_words() for each in failures)
    lines = [*(line for part in parts for line in part(results)), *(["", *failed] if failed else [])]
    return "\n".join(lines).rstrip() + "\n"


def _head(results: Results) -> Iterator[str]:
    yield from ("# What became of the paper's claims", "")
    yield (
        "Lu, Maharjan, Zhang, *Adaptive Edge Association for Wireless Digital Twin Networks in 6G*, section VI. "
        "`literal` is Algorithm 1 as printed, `literal-penalty` the same with the penalty of openai/maddpg on outputs "
        "before tanh, `flat` MADDPG over the same state as a practitioner runs it, `structured` the learner over the "
        "graph of users and stations. Costs are in seconds, on the presets `lu2021-nN-mM` with Rayleigh fading in each "
        "slot."
    )
    yield ""
    rows = []
    for kind in (*results.algorithms, SOLVERS):
        for setting in results.settings(kind):
            seeds = results.seeds(kind, setting)
            length = "-" if kind == SOLVERS else f"{results.iterations(kind, setting)[-1]:.0f}"
            rows.append((f"{kind}, {setting.label}", f"{len(seeds)}", length))
    yield from table(("made", "seeds", "iterations"), rows)
    yield from ("", *(f"- {line}" for line in _made(results)))


def _made(results: Results) -> Iterator[str]:
    """What code and what machines made the runs, kind by kind."""
    kinds = [*results.algorithms, SOLVERS]
    for kind in kinds:
        every = [run for setting in results.settings(kind) for run in results.runs[kind, setting]]
        made = Counter(made_in_words(run.get(MADE), run["unit"]["version"]) for run in every)
        yield f"`{kind}`: " + "; ".join(f"{counted(count, 'run')} by {words}" for words, count in made.items())


def _claims(results: Results) -> Iterator[str]:
    yield from ("", "## The seven ordinal claims", "")
    yield (
        f"`found`: a one-sided sign test over pairs of the same seed is below {LEVEL:g} for every part of the claim; "
        "`contradictory`: it is for the opposite of a part; `not found`: neither. In brackets: pairs as claimed "
        "against pairs the other way, and the chance of it. Costs of claims 1 to 5 are system costs, means over users. "
        "Pairs of one seed share their world: with few seeds the chances are optimistic."
    )
    yield ""
    verdicts = {name: [_verdict(finding) for finding in findings(results, name)] for name in results.algorithms}
    rows = [
        (f"{at + 1}. {claim.figure}: {claim.words}", *(column[at] for column in verdicts.values()))
        for at, claim in enumerate(CLAIMS)
    ]
    yield from table(("claim", *verdicts), rows)


def _verdict(finding: Finding) -> str:
    if not _has_pairs(finding):
        return NO_PAIRS
    tests = "; ".join(f"{test.wins}:{test.losses}, p = {test.chance:.2g}" for test in finding.tests)
    return f"**{finding.verdict}** ({tests})"


def _has_pairs(finding: Finding) -> bool:
    """Whether there is anything to be compared, such as runs with more users and with fewer."""
    return any(test.wins + test.losses > 0 for test in finding.tests)


def _by_reading(results: Results) -> Iterator[str]:
    yield from (
        "",
        "The same claims where cost is read in other ways (the paper leaves open which of them it draws):",
        "",
    )
    cost_claims = CLAIMS[:5]
    rows = []
    for algorithm in results.algorithms:
        for reading in READINGS:
            made = findings(results, algorithm, reading)[: len(cost_claims)]
            verdicts = [each.verdict if _has_pairs(each) else NO_PAIRS for each in made]
            rows.append((f"{algorithm}: {reading.name}", *verdicts))
    yield from table(("cost", *(f"claim {at + 1}" for at in range(len(cost_claims)))), rows)


def _fig7_against_fig8(results: Results) -> Iterator[str]:
    yield from ("", "## Contradiction 1: Fig. 7 against Fig. 8", "")
    yield (
        "Of the same runs the text says that cost *increases* with the number of stations (Fig. 7), and that fewer "
        "stations cost *more* (Fig. 8): claims 3 and 5 cannot both hold of one cost. Ours, of runs as they have "
        "converged (interquartile mean over seeds, 95 % interval):"
    )
    for reading, scale in ((SYSTEM, "cumulative system cost"), (TIME, "cumulative time cost")):
        rows = []
        for algorithm in results.algorithms:
            for setting in results.settings(algorithm):
                values = results.converged(algorithm, setting, reading)
                rows.append((f"{algorithm}, {setting.label}", value_with_interval(values, 4)))
        yield from ("", *table(("setting", f"{scale} [s]"), rows))
    yield ""
    yield "What more stations and more users change, as shares (mean over seeds and the other number):"
    rows = []
    for algorithm in results.algorithms:
        for reading in READINGS:
            shares = [_change(results, algorithm, reading, users) for users in (False, True)]
            rows.append((f"{algorithm}: {reading.name}", *(change(share) for share in shares)))
    yield from ("", *table(("cost", "more stations", "more users"), rows))


def _change(results: Results, algorithm: str, reading: Reading, users: bool) -> float | None:
    """Mean share by which the converged cost changes over the squares of settings."""
    shares = []
    for few, wide, tall, many in squares(results.settings(algorithm)):
        for low, high in ((few, wide), (tall, many)) if users else ((few, tall), (wide, many)):
            before, after = (by_seed(results, algorithm, each, reading) for each in (low, high))
            shares += [after[seed] / before[seed] - 1 for seed in before.keys() & after.keys()]
    return float(np.mean(shares)) if shares else None


def _fig10(results: Results) -> Iterator[str]:
    yield from ("", "## Contradiction 2: the ratios of Fig. 10", "")
    yield (
        "The printed increases are no ratios of four times: from the fewest to the most of both, users first gives "
        f"1.22 x 1.95 = {PRINTED.by_users_first:.2f}, stations first 1.57 x 1.25 = {PRINTED.by_stations_first:.2f}. "
        "Of measured times both ways give the same:"
    )
    yield ""
    rows = [_ratio_row("paper", PRINTED)]
    for algorithm in results.algorithms:
        for square in squares(results.settings(algorithm)):
            name = f"{algorithm}, {square[0].label} to {square[3].label}"
            rows.append(_ratio_row(name, measured(results, algorithm, square)))
    header = ("", "users, few stations", "stations, many users", "stations, few users", "users, many stations")
    yield from table((*header, "users first", "stations first"), rows)
    yield ""
    rows = []
    for algorithm in results.algorithms:
        for setting in results.settings(algorithm):
            iterations = results.iterations(algorithm, setting)[-1]
            seconds = middle(results, algorithm, setting)
            wall = float(results.seconds(algorithm, setting, "wall_s")[:, -1].mean())
            rows.append(
                (f"{algorithm}, {setting.label}", f"{seconds:.1f}", f"{1e3 * seconds / iterations:.1f}", f"{wall:.1f}")
            )
    yield from table(("training", "time of one core [s]", "an iteration [ms]", "by the clock [s]"), rows)
    yield from ("", "By the clock includes whatever else the machine did meanwhile.")


def _ratio_row(name: str, ratios: Ratios) -> tuple[str, ...]:
    values = (*ratios, ratios.by_users_first, ratios.by_stations_first)
    return (name, *(f"{value:.2f}" for value in values))
