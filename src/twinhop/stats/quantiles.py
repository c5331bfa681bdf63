"""One definition of quantiles for all reports and figures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def quantiles(values: NDArray[np.float64] | NDArray[np.int64], shares: Sequence[float]) -> list[float]:
    """The least values that at least these shares of all values do not exceed.

    >>> quantiles(np.array([1.0, 2.0, 9.0, 3.0]), [0.5, 0.95])
    [2.0, 9.0]
    """
    return [float(cut) for cut in np.quantile(values, shares, method="inverted_cdf")]
