"""The unit in which a simulation shows costs: milliseconds, or money a month."""

from collections.abc import Mapping
from typing import Any

from twinhop.output.kit.tables import number
from twinhop.units import cost_number

#: Costs are in seconds where they are not in money; people read milliseconds.
MS, MS_PER_S = "ms", 1e3


def cost_unit(facts: Mapping[str, Any]) -> str:
    """The unit, ms or money a month.

    Args:
        facts: of `Simulation.to_json`.
    """
    return facts.get("cost_unit", MS)


def cost_factor(facts: Mapping[str, Any]) -> float:
    """The factor from a cost to that unit."""
    return 1.0 if "cost_unit" in facts else MS_PER_S


def cost_cell(facts: Mapping[str, Any], cost: float | None, digits: int = 4) -> str:
    """A cost in that unit, without it; or a dash.

    >>> cost_cell({}, 0.5), cost_cell({"cost_unit": "EUR/month"}, 1234.5), cost_cell({}, None)
    ('500', '1234.50', '-')
    """
    if cost is None or "cost_unit" not in facts:
        return number(None if cost is None else MS_PER_S * cost, digits)
    return cost_number(cost, facts["cost_unit"], digits)


def cost_in_unit(facts: Mapping[str, Any], cost: float | None, digits: int = 4) -> str:
    """A cost in that unit and with it.

    >>> cost_in_unit({}, 0.5), cost_in_unit({"cost_unit": "EUR/month"}, 1234.5)
    ('500 ms', '1234.50 EUR/month')
    """
    return f"{cost_cell(facts, cost, digits)} {cost_unit(facts)}"
