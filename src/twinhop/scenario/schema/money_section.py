"""The scenario section that prices the plan: rents of stations, and what a second is worth to a user."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from twinhop.scenario.fields import Positive, Section, problem
from twinhop.scenario.place_sections import Stations
from twinhop.scenario.schema.physics_sections import Migration, Objective
from twinhop.scenario.schema.readings import ROW_LATENCY_WEIGHT, Readings
from twinhop.units import CURRENCY_FORM, is_currency, money_unit

#: What `second` is, for messages.
SECOND = "what one second less of mean latency is worth, per user and month"


def _currency(value: str) -> str:
    if not is_currency(value):
        raise problem(f"must be {CURRENCY_FORM} (got {value[:40]!r})")
    return value


class Money(Section):
    """Prices: with them the objective is money a month, rents of opened stations plus what users' latency costs."""

    currency: Annotated[str, AfterValidator(_currency)] = Field(description="currency of all prices, such as EUR")
    second: Positive = Field(description=f"{SECOND} [currency/(s user month)]")

    missed_deadline: Positive | None = Field(
        default=None,
        description="what a user whose deadline is missed costs a month, so that it may be missed; null: deadlines "
        "hold where they can [currency/(user month)]",
    )

    @model_validator(mode="before")
    @classmethod
    def _has_second(cls, value: Any) -> Any:
        if isinstance(value, dict) and "currency" in value and "second" not in value:
            raise problem(f"is required beside a currency: {SECOND}", "second")
        return value

    @property
    def unit(self) -> str:
        """The unit of the cost.

        >>> Money(currency="EUR", second=0.5).unit
        'EUR/month'
        """
        return money_unit(self.currency)

    def weight(self, users: float) -> float:
        """What one second of the mean latency of so many users costs a month [currency/(s month)].

        >>> Money(currency="EUR", second=0.5).weight(100)
        50.0
        """
        return self.second * users


def check_money(
    money: Money | None, stations: Stations, objective: Objective, migration: Migration, readings: Readings
) -> None:
    """Refuse rents without a currency, rents beside openings in seconds, and weights beside prices."""
    rented = _rented(stations)
    if money is None:
        if rented is not None:
            text = "needs money: {currency: EUR, second: ...}, which says in which currency, and what a second is worth"
            raise problem(text, "stations", *rented)
        return
    if rented is not None:
        _check_all_rented(stations)
        if "opening_s" in migration.model_fields_set:
            raise problem("the stations state cost_per_month; leave this out", "migration", "opening_s")
    for name, neutral in (("alpha", 1), ("beta", 1), ("aggregation", "mean")):
        if getattr(objective, name) != neutral:
            raise problem(f"where money is given, prices weigh the cost; must be {neutral}", "objective", name)
    if money.missed_deadline is not None and not objective.deadlines:
        raise problem(
            "needs objective.deadlines: true, without which there is none to miss", "money", "missed_deadline"
        )
    if readings.is_literal(ROW_LATENCY_WEIGHT):
        text = f"row {ROW_LATENCY_WEIGHT}, literal, divides the latency by the stations, which has no price"
        raise problem(f"{text}; must be sound where money is given", "readings")


def _rented(stations: Stations) -> tuple[Any, ...] | None:
    """Where a cost per month is stated first; None: nowhere."""
    if stations.cost_per_month is not None:
        return ("cost_per_month",)
    rows = enumerate(stations.rows or ())
    return next((("list", at, "cost_per_month") for at, row in rows if row.cost_per_month is not None), None)


def _check_all_rented(stations: Stations) -> None:
    """Refuse stations of which some state what they cost a month and some in seconds, or nothing."""
    if "opening_s" in stations.model_fields_set:
        raise problem("stations state cost_per_month; state one of the two", "stations", "opening_s")
    for at, row in enumerate(stations.rows or ()):
        if row.opening_s is not None:
            raise problem("stations state cost_per_month; state one of the two", "stations", "list", at, "opening_s")
        if row.host and row.cost_per_month is None and stations.cost_per_month is None:
            text = "is required, as other stations state one; or state stations.cost_per_month for those that do not"
            raise problem(text, "stations", "list", at, "cost_per_month")
