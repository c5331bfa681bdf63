"""One point of the trade-off curve."""

import math
from dataclasses import dataclass, field

from twinhop.placement.certificate import Certificate, bound_below
from twinhop.placement.evaluation import Evaluation
from twinhop.placement.placement import Placement


@dataclass(frozen=True)
class TradeoffPoint:
    """One number of servers.

    Attributes:
        servers: stations in use.
        certificate: no plan that opens so many stations costs less than its bound.
        placement: the best plan found, or None.
        evaluation: its cost and terms, or None.
        impossible: why no plan uses so many stations, where that is proved; else empty.
    """

    servers: int
    certificate: Certificate = field(repr=False)
    placement: Placement | None = field(default=None, repr=False)
    evaluation: Evaluation | None = field(default=None, repr=False)
    impossible: str = ""

    @property
    def cost(self) -> float:
        """The objective of P1; inf without a plan."""
        return math.inf if self.evaluation is None else self.evaluation.cost

    @property
    def lower_bound(self) -> float:
        """No plan that uses so many stations costs less; inf where none does."""
        bound = self.certificate.lower_bound
        return math.inf if self.impossible else bound_below(self.cost, bound, self.certificate.method)

    @property
    def gap(self) -> float | None:
        """The share cost / bound - 1; None without a bound > 0 or without a plan."""
        if self.evaluation is None or self.lower_bound <= 0:
            return None
        return self.cost / self.lower_bound - 1
