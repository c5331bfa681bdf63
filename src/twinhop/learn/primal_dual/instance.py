"""A placement problem as the primal-dual network sees it, free of scales."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array


class PricedInstance(NamedTuple):
    """N users and M stations; root work has mean 1, CPUs add up to N, times are in units of ``(sum s)^2 / (N sum F)``.

    Attributes:
        far: (M, N) communication latency above the user's least [unit]; 0 where it may not be.
        work: (N,) root work.
        cpu: (M,) CPU.
        opening: (M,) cost of opening, per user [unit].
        seats: (M,) seats, at most N; 0 where a station may not host.
        floor: (M, N) minimum shares of CPU; 0 without deadlines and where a user may not be.
        allowed: (M, N) whether a user may be on a station.
        least_open: () fewest stations that hold everybody.
        near: () mean of the users' least communication latencies, which nothing but the loss looks at [unit].
    """

    far: Array
    work: Array
    cpu: Array
    opening: Array
    seats: Array
    floor: Array
    allowed: Array
    least_open: Array
    near: Array
