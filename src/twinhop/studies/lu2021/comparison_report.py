"""What becomes of Fig. 9 with a solver and bounds, and how long decisions take: parts of claims.md."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twinhop.output.kit.tables import change, percent, table
from twinhop.placement.problem import FloatArray
from twinhop.stats import summarize
from twinhop.stats.bootstrap import band_interval, interquartile_mean
from twinhop.stats.sign_test import sign_test
from twinhop.studies.lu2021.claims import OTHERS
from twinhop.studies.lu2021.figures import BOUNDS, POLICIES
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.solving import SOLVER, TIME_SOLVER
from twinhop.studies.lu2021.terms import SYSTEM, TIME, Reading

DECODED = ("structured, highest score", "structured, 10 moves")


def comparison_report(results: Results) -> Iterator[str]:
    """Lines of the costs of all policies, by setting."""
    yield from ("", "## Fig. 9 with what it lacks: a solver, and bounds that nobody can beat", "")
    yield (
        "Mean of a slot, on the same slots for every policy of a seed; gaps are to the certified bound of that cost, "
        "seed by seed. Interquartile means over seeds, with 95 % intervals from five seeds on."
    )
    for reading in (TIME, SYSTEM):
        rows = []
        for setting in results.all_settings:
            for policy in (*POLICIES, DECODED[1], *results.further):
                slots = results.slots(policy, setting, reading)
                if slots is not None:
                    rows.append(
                        (
                            f"{setting.label}: {policy}",
                            value_with_interval(slots.mean(axis=1), 4),
                            _gap(results, policy, setting, reading),
                        )
                    )
        yield from ("", *table(("policy", f"{reading.name} [s]", "above the bound"), rows))
    yield from (
        "",
        "Change of the time cost against the paper's baselines, means over pairs of the same seed; in brackets in how "
        "many worlds it is lower, of how many, and the chance of as many under a fair coin:",
        "",
    )
    rows = []
    for setting in results.all_settings:
        for policy in (*results.algorithms, *DECODED, *results.further, SOLVER, TIME_SOLVER):
            cells = [_against(results, policy, other, setting) for other in (*OTHERS, "random_association")]
            if any(cell != "-" for cell in cells):
                rows.append((f"{setting.label}: {policy}", *cells))
    yield from table(("policy", *(f"against {other}" for other in (*OTHERS, "random association"))), rows)


def _means(results: Results, policy: str, setting: Setting, reading: Reading) -> dict[int, float]:
    slots = results.slots(policy, setting, reading)
    if slots is None:
        return {}
    return dict(zip(results.seeds_of_policy(policy, setting), slots.mean(axis=1).tolist(), strict=True))


def _gap(results: Results, policy: str, setting: Setting, reading: Reading) -> str:
    gaps = results.gaps(policy, setting, reading, BOUNDS[reading])
    if gaps is None:
        return "-"
    summary = summarize(gaps)
    spread = "" if summary.interval is None else " ({:.3g} to {:.3g})".format(*(100 * end for end in summary.interval))
    return percent(summary.iqm) + spread


def _against(results: Results, policy: str, other: str, setting: Setting) -> str:
    own, others = (_means(results, name, setting, TIME) for name in (policy, other))
    shares = [own[seed] / others[seed] - 1 for seed in own if seed in others]
    if not shares:
        return "-"
    test = sign_test([-share for share in shares])
    return f"{change(float(np.mean(shares)))} ({test.wins} of {len(shares)}, p = {test.chance:.2g})"


def latency_report(results: Results) -> Iterator[str]:
    """Lines of the times of decisions."""
    yield from ("", "## How long a decision takes", "")
    yield 'The paper infers "a few milliseconds". Medians on one core, compilation left out:'
    rows = []
    for policy in (*results.algorithms, *DECODED, *results.further, "nearest", SOLVER):
        for setting in results.all_settings:
            times = results.decision_ms(policy, setting)
            if times is not None:
                rows.append((f"{policy}, {setting.label}", f"{float(np.median(times)):.3g}"))
    yield from ("", *table(("policy", "ms"), rows))


def value_with_interval(values: FloatArray, digits: int) -> str:
    """An interquartile mean and its interval, or all values where they are too few for one, of (runs,) values."""
    ends = band_interval([values])
    if ends is None:
        points = "; ".join(f"{value:.{digits}g}" for value in sorted(values.tolist()))
        return f"{float(interquartile_mean(values)):.{digits}g}" + (f" (seeds: {points})" if len(values) > 1 else "")
    return f"{ends[0]:.{digits}g} ({ends[1]:.{digits}g} to {ends[2]:.{digits}g})"
