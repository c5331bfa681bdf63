"""From communication and computing to the latencies, the utilisation and the age that users see."""

from twinhop.network.arguments import per_user, require_choice
from twinhop.units.arrays import Array, namespace_of

WIRED_HOPS = (1, 2)


def communication_latency_s(bits: Array, access_rate_bps: Array, wired_s: Array, wired_hops: int = 1) -> Array:
    """Return the time data takes from a user to a host, by radio and by wire.

    Formula: ``comm_ik = x_i / r_i + wired_ik``. Reading row 1: the paper's Eq. 8 and 10 together count the wired hop of
    the *history* twice (literal, ``wired_hops=2``); once is sound. Its Eq. 11, the update, counts it once either way.

    Args:
        bits: (N,) sizes, or a scalar [bit].
        access_rate_bps: (N,) rates to the access station, or a scalar [bit/s].
        wired_s: (N, M) wired latency to every host, or (N,) to the chosen one [s].
        wired_hops: 1 or 2, how often the wired hop counts.

    Returns:
        Latencies of the shape of `wired_s` [s].

    Raises:
        ValueError: `wired_hops` is neither 1 nor 2.

    Source:
        Lu et al., Eq. 4, 5 and 8.

    Example:
        >>> import numpy as np
        >>> communication_latency_s(np.array([1e6]), np.array([1e7]), np.array([[0.0, 0.5]])).tolist()
        [[0.1, 0.6]]
    """
    require_choice("number of wired hops", wired_hops, WIRED_HOPS)
    return per_user(bits, wired_s) / per_user(access_rate_bps, wired_s) + wired_hops * wired_s


def twin_latency_s(comm_s: Array, computing_s: Array) -> Array:
    """Return the time to construct a twin, or to update a running one.

    Formula: ``T_ini = comm(D) + C_c D / f``, ``T_upd = comm(dD) + C_u dD / f``.

    Args:
        comm_s: any shape, communication latency of the history or of the update [s].
        computing_s: broadcastable to it, computing latency of the same [s].

    Returns:
        Latencies of the broadcast shape [s].

    Source:
        Lu et al., Eq. 10 and 11.

    Example:
        >>> twin_latency_s(0.5, 0.25)
        0.75
    """
    return comm_s + computing_s


def synchronisation_utilisation(update_latency_s: Array, sync_period_s: float) -> Array:
    """Return the share of its time that a twin spends on updates; above 1 it cannot keep up.

    Formula: ``T_syn = T_upd / dt``.

    Args:
        update_latency_s: any shape [s].
        sync_period_s: scalar dt, greater than 0 [s].

    Returns:
        The utilisation, same shape [1].

    Source:
        Lu et al., Eq. 12.

    Example:
        >>> synchronisation_utilisation(0.5, 2.0)
        0.25
    """
    return update_latency_s / sync_period_s


def system_latency_s(construction_s: Array, utilisation: Array, eta_s: float) -> Array:
    """Return the latency of the system: the mean over users of construction and weighted synchronisation.

    Formula: ``T_sys = (1/N) sum_i (T_ini_i + eta T_syn_i)``, each user at its host (reading row 2); 0 without users.

    Args:
        construction_s: (..., N) construction latencies at the chosen hosts [s].
        utilisation: (..., N) synchronisation utilisations at the chosen hosts [1].
        eta_s: scalar weight of synchronisation against construction [s].

    Returns:
        (...,) mean latency [s].

    Source:
        Lu et al., Eq. 13.

    Example:
        >>> import numpy as np
        >>> float(system_latency_s(np.array([1.0, 3.0]), np.array([0.25, 0.75]), eta_s=2.0))
        3.0
    """
    latency_s = construction_s + eta_s * utilisation
    return namespace_of(latency_s).sum(latency_s, axis=-1) / max(latency_s.shape[-1], 1)


def placement_communication_s(history_comm_s: Array, update_comm_s: Array, eta_s: float, sync_period_s: float) -> Array:
    """Return the communication part of the system latency of each user and host.

    Formula: ``comm_ik = comm(D_i)_ik + (eta / dt) comm(dD_i)_ik``.

    Args:
        history_comm_s: (N, M) communication latency of the history [s].
        update_comm_s: (N, M) communication latency of one update [s].
        eta_s: scalar eta [s].
        sync_period_s: scalar dt, greater than 0 [s].

    Returns:
        (N, M) latencies [s].

    Source:
        Lu et al., Eq. 10 to 13 gathered by user and host.

    Example:
        >>> placement_communication_s(0.5, 0.25, eta_s=1.0, sync_period_s=0.5)
        1.0
    """
    return history_comm_s + (eta_s / sync_period_s) * update_comm_s


def placement_work_cycles(
    history_bits: Array,
    update_bits: Array,
    construction_cycles_per_bit: Array,
    update_cycles_per_bit: Array,
    eta_s: float,
    sync_period_s: float,
) -> Array:
    """Return the work whose computing latency enters the system latency of each user.

    Formula: ``w_i = C_c D_i + (eta / dt) C_u dD_i``; the same CPU share serves construction and update.

    Args:
        history_bits: (N,) D [bit].
        update_bits: (N,) dD [bit].
        construction_cycles_per_bit: C_c, scalar or (N,) [cycle/bit].
        update_cycles_per_bit: C_u, scalar or (N,) [cycle/bit].
        eta_s: scalar eta [s].
        sync_period_s: scalar dt, greater than 0 [s].

    Returns:
        (N,) work [cycle].

    Source:
        Lu et al., Eq. 10 to 13 gathered by user, with cycles per bit (reading row 5).

    Example:
        >>> placement_work_cycles(10.0, 2.0, 100.0, 50.0, eta_s=1.0, sync_period_s=0.5)
        1200.0
    """
    update_weight = eta_s / sync_period_s
    return construction_cycles_per_bit * history_bits + update_weight * update_cycles_per_bit * update_bits


def mean_age_s(update_latency_s: Array, sync_period_s: float) -> Array:
    """Return the mean age of what a twin knows of its user.

    Formula: ``dt / 2 + T_upd``: the age grows from T_upd to T_upd + dt between updates that arrive every dt.

    Args:
        update_latency_s: any shape [s].
        sync_period_s: scalar dt [s].

    Returns:
        The mean age, same shape [s].

    Source:
        Age of information with periodic sampling and constant delay.

    Example:
        >>> mean_age_s(0.25, 1.0)
        0.75
    """
    return 0.5 * sync_period_s + update_latency_s


def peak_age_s(update_latency_s: Array, sync_period_s: float) -> Array:
    """Return the greatest age of what a twin knows of its user.

    Formula: ``dt + T_upd``, just before the next update arrives.

    Args:
        update_latency_s: any shape [s].
        sync_period_s: scalar dt [s].

    Returns:
        The peak age, same shape [s].

    Source:
        Age of information with periodic sampling and constant delay.

    Example:
        >>> peak_age_s(0.25, 1.0)
        1.25
    """
    return sync_period_s + update_latency_s
