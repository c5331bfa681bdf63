"""Risk measures: one number for the costs of many scenarios, as the dearest weighting that the measure allows."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from twinhop.errors import InputError
from twinhop.placement.problem import FloatArray

RiskKind = Literal["mean", "worst", "cvar"]
RISK_KINDS: tuple[str, ...] = get_args(RiskKind)
#: Steps of the bisection of a projection; each halves an interval.
BISECTIONS = 80


@dataclass(frozen=True)
class RiskMeasure:
    """What the costs of scenarios count as together.

    ``risk(c) = max q . c`` over the weights ``0 <= q <= cap``, ``sum q = 1``: with ``cap = p`` the mean, with
    ``cap = 1`` the worst scenario, with ``cap = min(1, p / level)`` the conditional value at risk: the mean of the
    dearest ``level`` of the probability. A level of 1 is the mean, one of at most the least probability the worst.

    Attributes:
        kind: ``mean``, ``worst`` or ``cvar``.
        level: of ``cvar``, in (0, 1].

    Raises:
        InputError: no such measure, or a level out of range.

    Source:
        Rockafellar and Uryasev, Optimization of conditional value-at-risk, Journal of Risk 2 (2000); the dual form is
        of Artzner et al., Coherent measures of risk, Mathematical Finance 9 (1999).

    Example:
        >>> costs, probability = np.array([1.0, 2.0, 4.0, 3.0]), np.full(4, 0.25)
        >>> [RiskMeasure(kind).of(costs, probability) for kind in ("mean", "worst")]
        [2.5, 4.0]
        >>> RiskMeasure("cvar", 0.5).of(costs, probability)
        3.5
    """

    kind: RiskKind = "mean"
    level: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in RISK_KINDS:
            raise InputError(f"robust: got '{self.kind}'; expected {', '.join(RISK_KINDS[:-1])} or {RISK_KINDS[-1]}")
        if not 0 < self.level <= 1:
            raise InputError(
                f"cvar_level: got {self.level:g}; expected a share above 0 and at most 1, such as 0.2 for the mean of "
                "the dearest fifth"
            )

    def cap(self, probability: FloatArray) -> FloatArray:
        """(S,) the most that each scenario may weigh, from (S,) probabilities."""
        if self.kind == "mean":
            return probability
        return np.ones(probability.size) if self.kind == "worst" else np.minimum(1.0, probability / self.level)

    def weights(self, costs: FloatArray, probability: FloatArray) -> FloatArray:
        """(S,) the weighting of (S,) costs that is dearest: the dearest scenarios weigh as much as they may."""
        if self.kind == "mean":
            return probability
        cap, order = self.cap(probability), np.argsort(-costs, kind="stable")
        before = np.concatenate([[0.0], np.cumsum(cap[order])[:-1]])
        weights = np.zeros(costs.size)
        weights[order] = np.clip(1.0 - before, 0.0, cap[order])
        return weights

    def of(self, costs: FloatArray, probability: FloatArray) -> float:
        """The risk of (S,) costs that have (S,) probabilities; inf where one that may weigh is."""
        weights = self.weights(costs, probability)
        return float((weights * np.where(weights > 0, costs, 0.0)).sum())

    @property
    def in_words(self) -> str:
        """What it is: ``mean``, ``worst``, ``mean of the dearest 20 %``."""
        return f"mean of the dearest {100 * self.level:g} %" if self.kind == "cvar" else self.kind


def onto_weights(target: FloatArray, cap: FloatArray) -> FloatArray:
    """The weights ``0 <= q <= cap``, ``sum q = 1`` nearest to a target: ``clip(target - tau, 0, cap)``.

    Args:
        target: (S,) any numbers.
        cap: (S,) the most that each may weigh; at least 1 in all.

    Example:
        >>> onto_weights(np.array([0.7, 0.5, -1.0]), np.ones(3)).round(6).tolist()
        [0.6, 0.4, 0.0]
    """
    low, high = float((target - cap).min()), float(target.max())
    for _ in range(BISECTIONS):
        tau = 0.5 * (low + high)
        if np.clip(target - tau, 0.0, cap).sum() > 1.0:
            low = tau
        else:
            high = tau
    weights = np.clip(target - high, 0.0, cap)
    return weights / max(1.0, float(weights.sum()))
