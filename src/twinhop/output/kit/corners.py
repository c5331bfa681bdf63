"""The corners of maps."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Points = NDArray[np.floating]


def corners(points: Sequence[Points]) -> tuple[FloatArray, FloatArray]:
    """The corners of a map that shows all these points (n, 2), with a margin, never a sliver [m]; NaN are left out."""
    stacked = np.vstack(points)
    stacked = stacked[np.isfinite(stacked).all(axis=1)]
    low, high = (stacked.min(axis=0), stacked.max(axis=0)) if len(stacked) else (np.zeros(2), np.ones(2))
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 1.0)
    half = np.maximum(half * 1.06, np.array([0.8, 0.45]) * half.max())
    return middle - half, middle + half
