"""Synchronisation: which samples a device sends its twin, and what the twin knows in between."""

from twinhop.twin.synchronisation.fixed_period import FixedPeriod
from twinhop.twin.synchronisation.model_based import ModelBased
from twinhop.twin.synchronisation.policy import HEADER_BITS, NUMBER_BITS, SyncPolicy
from twinhop.twin.synchronisation.send_on_delta import SendOnDelta

SYNC_POLICIES: dict[str, type[SyncPolicy]] = {"fixed": FixedPeriod, "delta": SendOnDelta, "model": ModelBased}
"""Every synchronisation policy, by its kind."""

__all__ = [
    "HEADER_BITS",
    "NUMBER_BITS",
    "SYNC_POLICIES",
    "FixedPeriod",
    "ModelBased",
    "SendOnDelta",
    "SyncPolicy",
]
