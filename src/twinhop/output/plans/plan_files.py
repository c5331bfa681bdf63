"""Output folders: everything is written aside and then put in place, so that nothing is ever half-written."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from twinhop.errors import InputError
from twinhop.output.plans.plan_json import answer
from twinhop.output.plans.report import comparison_report, plan_report
from twinhop.output.plans.tradeoff_report import tradeoff_report
from twinhop.placement import Certificate
from twinhop.plans.comparison import Comparison
from twinhop.plans.planning import Plan
from twinhop.plans.tradeoff import Tradeoff


@contextmanager
def staging(folder: str | Path) -> Iterator[Path]:
    """A folder to write into; what is there in the end replaces the files of the same names in ``folder``.

    Args:
        folder: made if missing, with its parents.

    Yields:
        An empty folder beside the files to come.

    Raises:
        InputError: the folder cannot be made or written. Then, and after any other error, nothing is left behind.
    """
    target = Path(folder)
    made = _make(target)
    try:
        aside = Path(tempfile.mkdtemp(prefix=".twinhop-", dir=target))
    except OSError as error:
        _remove(made)
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    try:
        yield aside
        _refuse_folders(target / path.name for path in aside.iterdir())
        for path in sorted(aside.iterdir()):
            os.replace(path, target / path.name)
        made = []
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        _remove(made)


def _refuse_folders(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path}: cannot be written: a folder is in the way")


def require_writable(folder: str | Path) -> None:
    """Raise InputError now rather than after a long solve if the folder cannot be written; leaves nothing behind."""
    made = _make(Path(folder))
    try:
        with staging(folder) as aside:
            (aside / ".probe").touch()
            (aside / ".probe").unlink()
    finally:
        _remove(made)


def _make(target: Path) -> list[Path]:
    """Make the folder and its parents; returns those that were missing, deepest first."""
    missing = [path for path in (target, *target.parents) if not path.exists()]
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _remove(missing)
        raise InputError(f"{target}: cannot be made ({error.strerror})") from None
    return missing


def _remove(folders: list[Path]) -> None:
    for path in folders:
        try:
            path.rmdir()
        except OSError:
            return


def save_plan(plan: Plan, folder: str | Path) -> list[Path]:
    """Write a plan's files; see `Plan.save`."""
    with staging(folder) as aside:
        _write_json(aside / "placement.json", _named_answer(plan))
        (aside / "report.md").write_text(plan_report(plan), encoding="utf-8")
        _write_associations(plan, aside / "associations.parquet")
        if plan.case.world is not None:
            from twinhop.output.plans.geojson import map_features
            from twinhop.output.plans.map_figure import draw_map

            _write_json(aside / "map.geojson", map_features(plan), indent=None)
            draw_map(plan).savefig(aside / "map.png")
        names = sorted(path.name for path in aside.iterdir())
    return [Path(folder) / name for name in names]


def save_comparison(comparison: Comparison, folder: str | Path) -> list[Path]:
    """Write a comparison's files; see `Comparison.save`."""
    import polars as pl

    from twinhop.output.plans.bar_figure import draw_bars

    with staging(folder) as aside:
        _write_json(aside / "comparison.json", comparison.to_json())
        (aside / "comparison.md").write_text(comparison_report(comparison), encoding="utf-8")
        pl.DataFrame(comparison.rows()).write_parquet(aside / "comparison.parquet")
        draw_bars(comparison).savefig(aside / "comparison.png")
        names = sorted(path.name for path in aside.iterdir())
    return [Path(folder) / name for name in names]


def save_tradeoff(tradeoff: Tradeoff, folder: str | Path) -> list[Path]:
    """Write a trade-off curve's files; see `Tradeoff.save`."""
    import polars as pl

    from twinhop.output.plans.tradeoff_figure import draw_tradeoff

    with staging(folder) as aside:
        _write_json(aside / "tradeoff.json", tradeoff.to_json())
        (aside / "tradeoff.md").write_text(tradeoff_report(tradeoff), encoding="utf-8")
        pl.DataFrame(tradeoff.rows(), infer_schema_length=None).write_parquet(aside / "tradeoff.parquet")
        draw_tradeoff(tradeoff).savefig(aside / "tradeoff.png")
        names = sorted(path.name for path in aside.iterdir())
    return [Path(folder) / name for name in names]


def _named_answer(plan: Plan) -> dict[str, Any]:
    problem = plan.case.problem
    names = {
        "station_ids": [problem.station_name(k) for k in range(problem.stations)],
        "user_ids": [problem.user_name(i) for i in range(problem.users)],
    }
    return {**answer(plan), **names, "attribution": list(plan.case.attribution), "certificate": _prices(plan)}


def _prices(plan: Plan) -> dict[str, Any] | None:
    """The prices from which `twinhop.placement.certify` recomputes the bound, and those of the parts of all plans."""
    certificate = plan.solution.certificate
    if certificate is None:
        return None
    parts = [{**asdict(part), **_price_lists(own, certificate)} for part, own in certificate.parts]
    return {"method": certificate.method, **_price_lists(certificate), "parts": parts}


def _price_lists(certificate: Certificate, whole: Certificate | None = None) -> dict[str, Any]:
    """Prices as lists; left out of a part where they are those of the whole."""
    lists = {}
    for name in ("price", "congestion", "seat_price", "demand_price"):
        values = getattr(certificate, name)
        if whole is None or not np.array_equal(values, getattr(whole, name)):
            lists[name] = None if values is None else values.tolist()
    return lists


def _write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    path.write_text(json.dumps(value, indent=indent, allow_nan=False) + "\n", encoding="utf-8")


def _write_associations(plan: Plan, path: Path) -> None:
    """One row a user: host, access station, CPU share and what the user gets."""
    import polars as pl

    from twinhop.plans.service_levels import service_levels

    problem, placement = plan.case.problem, plan.solution.placement
    levels = service_levels(plan)
    late = np.zeros(problem.users, bool)
    late[[v.user for v in plan.solution.evaluation.violations if v.kind == "deadline" and v.user is not None]] = True
    columns: dict[str, Any] = {
        "user": [problem.user_name(i) for i in range(problem.users)],
        "host": [problem.station_name(int(k)) for k in placement.host],
        "host_index": placement.host,
        "cpu_share_cycles_per_s": plan.solution.evaluation.share,
        "placement_latency_s": levels.placement_latency_s,
        "construction_s": levels.construction_s,
        "update_s": levels.update_s,
        "utilisation": levels.utilisation,
        "mean_age_s": levels.mean_age_s,
        "peak_age_s": levels.peak_age_s,
        "energy_j": levels.energy_j,
        "utility": levels.utility,
    }
    if problem.has_deadlines:
        columns |= {"deadline_s": problem.deadline_s, "late": late}
        columns["unmeetable"] = np.isin(np.arange(problem.users), problem.unmeetable)
    world, radio = plan.case.world, plan.case.radio
    if world is not None and world.class_names:
        columns["class"] = [world.class_names[at] for at in world.user_class]
    if world is not None and radio is not None:
        columns |= {
            "x_m": world.user_xy_m[:, 0],
            "y_m": world.user_xy_m[:, 1],
            "access": [problem.station_name(int(k)) for k in radio.access],
            "access_rate_bps": radio.access_rate_bps,
        }
    pl.DataFrame({name: values for name, values in columns.items() if values is not None}).write_parquet(path)
