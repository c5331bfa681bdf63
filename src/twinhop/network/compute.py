"""How the twins on one server share its CPU, with and without deadlines."""

import math

from twinhop.kernels.edge import floor_scale
from twinhop.network.arguments import per_user, require_choice
from twinhop.units.arrays import Array, namespace_of

SHARE_RULES = ("optimal", "equal", "proportional")


def share_weights(work_cycles: Array, rule: str) -> Array:
    """Return the weight in proportion to which a CPU rule shares a server.

    Formula: ``sqrt(w)`` under "optimal" (it minimises ``sum_i w_i / f_i``), ``1`` under "equal", ``w`` under
    "proportional".

    Args:
        work_cycles: (N,) work, at least 0 [cycle].
        rule: "optimal", "equal" or "proportional".

    Returns:
        (N,) weights [cycle^(1/2), 1 or cycle].

    Raises:
        ValueError: the rule is unknown.

    Source:
        Lu et al., Eq. 18c leaves the rule open (reading row 9); "optimal" by the Cauchy-Schwarz inequality.

    Example:
        >>> import numpy as np
        >>> share_weights(np.array([4.0, 9.0]), "optimal").tolist()
        [2.0, 3.0]
    """
    require_choice("CPU share rule", rule, SHARE_RULES)
    xp = namespace_of(work_cycles)
    if rule == "optimal":
        return xp.sqrt(work_cycles)
    return xp.ones_like(work_cycles) if rule == "equal" else work_cycles


def minimum_share_cycles_per_s(update_cycles: Array, deadline_s: Array, update_comm_s: Array) -> Array:
    """Return the smallest CPU share with which an update meets its deadline.

    Formula: ``fmin_ik = C_u dD_i / (tau_i - comm(dD_i)_ik)``; infinite where the communication alone uses up the
    deadline, 0 where there is no deadline (tau infinite).

    Args:
        update_cycles: (N,) work of one update, or a scalar [cycle].
        deadline_s: (N,) deadlines tau, infinite for none, or a scalar [s].
        update_comm_s: (N,) or (N, M) communication latency of one update [s].

    Returns:
        Shares of the shape of `update_comm_s` [cycle/s].

    Source:
        Lu et al., Eq. 11 and 15 solved for f (reading row 7).

    Example:
        >>> import numpy as np
        >>> deadline_s, update_comm_s = np.array([1.0, np.inf]), np.array([[0.5, 1.0], [0.5, 1.0]])
        >>> minimum_share_cycles_per_s(np.array([8.0, 8.0]), deadline_s, update_comm_s).tolist()
        [[16.0, inf], [0.0, 0.0]]
    """
    xp = namespace_of(update_cycles, deadline_s, update_comm_s)
    tau_s = xp.asarray(per_user(deadline_s, update_comm_s))
    slack_s = tau_s - xp.where(xp.isinf(tau_s), 0.0, update_comm_s)  # infinity minus infinity is no number
    share = per_user(update_cycles, update_comm_s) / xp.where(slack_s > 0, slack_s, 1.0)
    return xp.where(slack_s > 0, share, math.inf)


def water_fill_shares(weight: Array, floor: Array, cpu_cycles_per_s: Array, member: Array | None = None) -> Array:
    """Share each server's CPU in proportion to weights, but give nobody less than its floor.

    Formula: ``f_i = max(floor_i, theta weight_i)`` with theta such that ``sum_i f_i = F`` over the members. With
    ``weight = sqrt(w)`` this is the minimiser of ``sum_i w_i / f_i`` subject to ``f >= floor``, ``sum f <= F``.

    Users are on the last axis; leading axes (servers, environments) are independent problems. Exact: one sort,
    no iteration. A member of weight 0 gets exactly its floor, so a server whose members all have weight 0 leaves the
    rest of its CPU unused. **Where the members' floors add up to more than F, by more than rounding, they cannot be
    met, and that server is shared as if nobody had a floor** (`twinhop.kernels.edge.floor_scale`): the deadlines behind
    the floors are then violated, and the caller lists them.

    Args:
        weight: (..., n) at least 0, see `share_weights` [any unit].
        floor: (..., n) at least 0, infinite where no share suffices, see `minimum_share_cycles_per_s` [cycle/s].
        cpu_cycles_per_s: (...,) CPU capacities F, greater than 0 [cycle/s].
        member: (..., n) bool, True where the user is on that server; None means everywhere.

    Returns:
        (..., n) shares; 0 for users who are not members [cycle/s].

    Source:
        Karush-Kuhn-Tucker conditions of the problem above (water-filling); Lu et al., Eq. 18c.

    Example:
        >>> import numpy as np
        >>> water_fill_shares(np.array([1.0, 1.0, 2.0]), np.array([4.0, 0.0, 0.0]), 10.0).tolist()
        [4.0, 2.0, 4.0]
    """
    xp = namespace_of(weight, floor, cpu_cycles_per_s, member)
    inside = xp.asarray(True if member is None else member)
    capacity = xp.asarray(cpu_cycles_per_s)[..., None]
    weight = xp.where(inside, weight, 0.0)
    floor = xp.where(inside, floor, 0.0)
    scale = floor_scale(xp.sum(floor, axis=-1, keepdims=True), capacity)
    floor = xp.where(scale > 0, floor, 0.0) * scale
    weight, floor = xp.broadcast_arrays(weight, floor)
    if weight.shape[-1] == 0:
        return weight
    return xp.maximum(floor, _fill_level(xp, weight, floor, capacity) * weight)


def _fill_level(xp, weight: Array, floor: Array, capacity: Array) -> Array:
    """Return theta, (..., 1), with ``sum_i max(floor_i, theta weight_i) = capacity`` for floors that fit.

    Each set P of users pinned to their floors bounds theta by ``(F - floor(P)) / weight(not P)``; the smallest bound is
    theta, and it is reached by pinning the users of largest ``floor / weight``. So only the n suffixes count.
    """
    weighted = weight > 0
    ratio = xp.where(weighted, floor / xp.where(weighted, weight, 1.0), math.inf)
    order = xp.argsort(ratio, axis=-1)
    weight, floor = xp.take_along_axis(weight, order, axis=-1), xp.take_along_axis(floor, order, axis=-1)
    free_weight = xp.cumulative_sum(weight, axis=-1)
    pinned = xp.cumulative_sum(xp.flip(floor[..., 1:], axis=-1), axis=-1, include_initial=True)
    # Users without weight sort last: free_weight is 0 only where nobody has weight, and theta is then 0.
    level = (capacity - xp.flip(pinned, axis=-1)) / xp.where(free_weight > 0, free_weight, math.inf)
    return xp.min(level, axis=-1, keepdims=True)


def computing_latency_s(cycles: Array, share_cycles_per_s: Array) -> Array:
    """Return the time that work takes with a CPU share.

    Formula: ``w / f``; 0 where there is no work, infinite where there is work but no share.

    Args:
        cycles: any shape, at least 0 [cycle].
        share_cycles_per_s: broadcastable to it, at least 0 [cycle/s].

    Returns:
        Latencies of the broadcast shape [s].

    Source:
        Lu et al., Eq. 6 and 9, with cycles per bit (reading row 5).

    Example:
        >>> import numpy as np
        >>> computing_latency_s(np.array([0.0, 6.0, 6.0]), np.array([0.0, 3.0, 0.0])).tolist()
        [0.0, 2.0, inf]
    """
    xp = namespace_of(cycles, share_cycles_per_s)
    share, work = xp.asarray(share_cycles_per_s), xp.asarray(cycles)
    latency_s = xp.where(share > 0, work / xp.where(share > 0, share, 1.0), math.inf)
    return xp.where(work == 0, 0.0, latency_s)


def optimal_computing_latency_s(root_work: Array, cpu_cycles_per_s: Array) -> Array:
    """Return the total computing latency of one server under the optimal rule without deadlines.

    Formula: ``sum_i w_i / f_i = (sum_i s_i)^2 / F`` with ``s_i = sqrt(w_i)``.

    Args:
        root_work: (..., n) square roots of the work of the server's users [cycle^(1/2)].
        cpu_cycles_per_s: (...,) CPU capacity F [cycle/s].

    Returns:
        (...,) sums of the users' computing latencies; 0 without users [s].

    Source:
        Lu et al., Eq. 9 under the optimal rule (reading row 9), by the Cauchy-Schwarz inequality.

    Example:
        >>> import numpy as np
        >>> float(optimal_computing_latency_s(np.array([2.0, 3.0]), 5.0))
        5.0
    """
    return namespace_of(root_work).sum(root_work, axis=-1) ** 2 / cpu_cycles_per_s
