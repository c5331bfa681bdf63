"""Two policies on the same worlds: differences world by world, and who costs less how often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twinhop.stats.bootstrap import interquartile_mean, iqm_interval, mean_interval
from twinhop.stats.gaps import Interval, finite, finite_ends
from twinhop.stats.sign_test import SignTest

FloatArray = NDArray[np.float64]

#: Costs that differ by less than this share are the same: solvers reach one optimum by different sums.
TIE = 1e-9
#: What `Paired.to_json` has.
PAIR_FIELDS = ("wins", "ties", "losses", "difference", "difference_interval", "sign_test")
Statistic = Literal["iqm", "mean"]


@dataclass(frozen=True)
class Paired:
    """How one policy does against a reference on the same worlds; less is better.

    Attributes:
        wins: worlds where it costs less.
        ties: worlds where both cost the same, or both fail.
        losses: worlds where it costs more.
        difference: the interquartile mean, or the mean, of the differences world by world; NaN where failures of both
            sides meet in it.
        interval: its 95 % interval, or None.
    """

    wins: int
    ties: int
    losses: int
    difference: float
    interval: Interval | None

    @property
    def worlds(self) -> int:
        """How many."""
        return self.wins + self.ties + self.losses

    @property
    def chance(self) -> float:
        """The chance of worlds as uneven as these if both ways were as likely: the sign test, two-sided.

        >>> paired([1.0] * 6, [2.0] * 6).chance
        0.03125
        """
        test = SignTest(self.wins, self.losses)
        return min(1.0, 2 * min(test.chance, test.opposite_chance))

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is infinite is None."""
        return {
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "difference": finite(self.difference),
            "difference_interval": finite_ends(self.interval),
            "sign_test": self.chance,
        }


def differences(values: FloatArray, reference: FloatArray, *, relative: bool = False) -> FloatArray:
    """World by world, ``v - r``, or ``v / r - 1``; 0 for the same and where both fail.

    Args:
        values: (..., worlds) costs of one policy, >= 0; infinite where it failed.
        reference: (..., worlds) costs of the other on the same worlds.
        relative: as shares of the reference.

    Returns:
        (..., worlds), infinite where one of both failed; see `TIE` for what is the same.

    >>> differences(np.array([1.0, np.inf, np.inf, 2.0]), np.array([2.0, 1.0, np.inf, 2.0]), relative=True)
    array([-0.5,  inf,  0. ,  0. ])
    """
    same = np.isclose(values, reference, rtol=TIE, atol=0) | np.isclose(reference, values, rtol=TIE, atol=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = values / reference - 1.0 if relative else values - reference
    return np.where(same, 0.0, difference)


def paired(
    values: Sequence[float] | FloatArray,
    reference: Sequence[float] | FloatArray,
    *,
    relative: bool = False,
    statistic: Statistic = "iqm",
    seed: int = 0,
) -> Paired:
    """Compare two policies on the same worlds.

    Worlds differ more than policies do; of differences world by world that part is gone, and their interval tells apart
    what two intervals side by side do not.

    Args:
        values: (worlds,) or (tasks, worlds) costs of one policy, >= 0; infinite where it failed.
        reference: costs of the other on the same worlds.
        relative: differences as shares of the reference; against a failed reference then -1, the most there is to win.
        statistic: of the differences, their interquartile mean or their mean.
        seed: of the draws.

    Returns:
        Wins, ties and losses, and the difference with its interval, by `iqm_interval` or `mean_interval`.

    Raises:
        ValueError: the two are not of the same worlds, or of none.

    Source:
        Agarwal et al. (2021), section 4; the bootstrap of pairs: Efron and Tibshirani (1993), section 8.

    >>> paired([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 3.0, 4.0, 5.0, 6.0])
    Paired(wins=5, ties=0, losses=0, difference=-1.0, interval=(-1.0, -1.0))
    """
    own, other = np.asarray(values, float), np.asarray(reference, float)
    if own.shape != other.shape or own.size == 0:
        raise ValueError(f"expected costs of both on the same worlds, got {own.shape} and {other.shape}")
    each = differences(own, other, relative=relative)
    mixed = bool(np.isposinf(each).any() and np.isneginf(each).any())
    if statistic == "mean":
        middle = float("nan") if mixed else float(each.mean())
        interval = None if mixed else mean_interval(each.ravel().tolist(), seed)
    else:
        with np.errstate(invalid="ignore"):
            middle = float(interquartile_mean(each.ravel()))
        interval = None if mixed else iqm_interval(each, seed)
    return Paired(int((each < 0).sum()), int((each == 0).sum()), int((each > 0).sum()), middle, interval)
