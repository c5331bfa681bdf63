"""The result of a robustness run as rows and in words."""

from twinhop.plans.robustness import NAMED, Robustness


def spread_rows(result: Robustness) -> list[tuple[str, ...]]:
    """Cost, latency and missed deadlines: as planned, mean, p5, p50, p95 and worst."""
    facts = result.to_json()
    rows = [
        ("cost", f"{facts['planned_cost']:.6g}", *_numbers(facts["cost"])),
        ("mean latency (s)", f"{facts['planned_latency_s']:.6g}", *_numbers(facts["latency_s"])),
    ]
    if facts["missed"] is not None:
        rows.append(("deadlines newly missed", "0", *_numbers(facts["missed"])))
    return rows


def _numbers(values: dict[str, float | None]) -> list[str]:
    return ["-" if value is None else f"{value:.6g}" for value in values.values()]


def verdict(result: Robustness) -> str:
    """How often the plan breaks, in words."""
    if result.broken is None or result.interval is None or result.broken_share is None:
        return "The scenario has no deadlines: nothing can break, only costs vary."
    low, high = result.interval
    return (
        f"Broken in {result.broken} of {result.samples} samples: {100 * result.broken_share:.3g} %, 95 % confidence "
        f"interval {100 * low:.3g} to {100 * high:.3g} %."
    )


def breaking_rows(result: Robustness) -> list[tuple[str, ...]]:
    """The stations and users that break in most samples."""
    facts = result.to_json()
    rows = []
    for noun in ("station", "user"):
        for entry in facts[f"breaking_{noun}s"][:NAMED]:
            share = f"{100 * entry['samples'] / result.samples:.3g} %"
            rows.append((f"{noun} {entry[noun]}", f"{entry['samples']}", share))
    return rows
