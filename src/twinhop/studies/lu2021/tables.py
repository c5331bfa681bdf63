"""The numbers of the figures as tables, for CSV and LaTeX: a row a setting and algorithm or policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twinhop.output.kit.tables import write_table
from twinhop.placement.problem import FloatArray
from twinhop.stats import interquartile_mean, summarize
from twinhop.stats.bootstrap import band_interval
from twinhop.studies.lu2021.claims import CLAIMS, CLOCK, findings
from twinhop.studies.lu2021.figures import BOUNDS, POLICIES
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SYSTEM, TIME


def _of(setting: Setting) -> dict[str, Any]:
    return {"users": setting.users, "stations": setting.stations}


def _spread(name: str, values: FloatArray | None) -> dict[str, Any]:
    """An interquartile mean over seeds, its interval from five seeds on, and how many there are."""
    if values is None:
        return {name: None, f"{name}_interval": None}
    ends = band_interval([values])
    return {name: float(interquartile_mean(values)), f"{name}_interval": None if ends is None else list(ends[1:])}


def convergence_rows(results: Results) -> Iterator[dict[str, Any]]:
    """What runs have converged to: cumulative cost of an episode, means of the last tenth of the iterations [s]."""
    for algorithm in results.algorithms:
        for setting in results.settings(algorithm):
            yield {
                "algorithm": algorithm,
                **_of(setting),
                "seeds": len(results.seeds(algorithm, setting)),
                **_spread("system_cost_s", results.converged(algorithm, setting, SYSTEM)),
                **_spread("time_cost_s", results.converged(algorithm, setting, TIME)),
            }


def episode_rows(results: Results) -> Iterator[dict[str, Any]]:
    """System cost of every step of an episode, and its certified bound, interquartile means over seeds [s]."""
    for algorithm in results.algorithms:
        for setting in results.settings(algorithm):
            slots = results.slots(algorithm, setting, SYSTEM)
            bound = results.bound(setting, "cost_bound", algorithm)
            assert slots is not None
            for step in range(slots.shape[1]):
                yield {
                    "algorithm": algorithm,
                    **_of(setting),
                    "step": step + 1,
                    **_spread("system_cost_s", slots[:, step]),
                    "bound_s": None if bound is None else float(interquartile_mean(bound[:, step])),
                }


def comparison_rows(results: Results) -> Iterator[dict[str, Any]]:
    """Mean cost of a slot by policy [s], and how far its system cost is above the certified bound [%]."""
    for setting in results.all_settings:
        for policy in POLICIES:
            time, system = (results.slots(policy, setting, reading) for reading in (TIME, SYSTEM))
            if time is None or system is None:
                continue
            gaps = results.gaps(policy, setting, SYSTEM, BOUNDS[SYSTEM])
            above = None if gaps is None else summarize(100 * gaps)
            yield {
                **_of(setting),
                "policy": policy,
                "seeds": len(time),
                **_spread("time_cost_s", time.mean(axis=1)),
                **_spread("system_cost_s", system.mean(axis=1)),
                "above_bound_percent": None if above is None else above.iqm,
                "above_bound_percent_interval": None if above is None else above.interval,
            }


def time_rows(results: Results) -> Iterator[dict[str, Any]]:
    """How long training takes, of one core [s]."""
    for algorithm in results.algorithms:
        for setting in results.settings(algorithm):
            seconds = results.seconds(algorithm, setting, CLOCK)[:, -1]
            iterations = int(results.iterations(algorithm, setting)[-1])
            yield {
                "algorithm": algorithm,
                **_of(setting),
                "seeds": len(seconds),
                "iterations": iterations,
                **_spread("core_s", seconds),
                "iteration_ms": 1e3 * float(interquartile_mean(seconds)) / iterations,
            }


def claim_rows(results: Results) -> Iterator[dict[str, Any]]:
    """The claims of the paper and what became of each, by algorithm."""
    verdicts = {name: findings(results, name) for name in results.algorithms}
    for at, claim in enumerate(CLAIMS):
        row: dict[str, Any] = {"claim": at + 1, "figure": claim.figure, "words": claim.words}
        for name, each in verdicts.items():
            row[name] = each[at].verdict
            row[f"{name}_chance"] = float(np.max([test.chance for test in each[at].tests]))
        yield row


class Table(NamedTuple):
    """How a table is made, and its columns in LaTeX."""

    rows: Callable[[Results], Iterator[dict[str, Any]]]
    columns: Mapping[str, str]


TABLES = {
    "fig7-convergence": Table(
        convergence_rows,
        {
            "algorithm": "algorithm",
            "users": "N",
            "stations": "M",
            "seeds": "seeds",
            "system_cost_s": "system cost [s]",
            "system_cost_s_interval": "95 % interval",
            "time_cost_s": "time cost [s]",
            "time_cost_s_interval": "95 % interval",
        },
    ),
    "fig8-episode": Table(
        episode_rows,
        {
            "algorithm": "algorithm",
            "users": "N",
            "stations": "M",
            "step": "step",
            "system_cost_s": "system cost [s]",
            "bound_s": "bound [s]",
        },
    ),
    "fig9-comparison": Table(
        comparison_rows,
        {
            "users": "N",
            "stations": "M",
            "policy": "policy",
            "time_cost_s": "time cost [s]",
            "system_cost_s": "system cost [s]",
            "above_bound_percent": "above bound [%]",
            "above_bound_percent_interval": "95 % interval",
        },
    ),
    "fig10-training-time": Table(
        time_rows,
        {
            "algorithm": "algorithm",
            "users": "N",
            "stations": "M",
            "iterations": "iterations",
            "core_s": "time of one core [s]",
            "core_s_interval": "95 % interval",
            "iteration_ms": "an iteration [ms]",
        },
    ),
    "claims": Table(claim_rows, {"claim": "claim", "figure": "figure", "words": "what the paper says"}),
}


def write_tables(results: Results, folder: Path) -> None:
    """Write every table of `TABLES` as CSV and LaTeX."""
    for name, table in TABLES.items():
        columns = dict(table.columns)
        if name == "claims":
            columns |= {algorithm: algorithm for algorithm in results.algorithms}
        write_table(folder, name, table.rows(results), columns)
