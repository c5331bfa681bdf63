"""Every synchronisation policy, by its kind."""

from __future__ import annotations

from twinhop.twin.synchronisation.fixed_period import FixedPeriod
from twinhop.twin.synchronisation.model_based import ModelBased
from twinhop.twin.synchronisation.policy import SyncPolicy
from twinhop.twin.synchronisation.send_on_delta import SendOnDelta

SYNC_POLICIES: dict[str, type[SyncPolicy]] = {"fixed": FixedPeriod, "delta": SendOnDelta, "model": ModelBased}
