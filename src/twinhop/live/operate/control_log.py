"""Log lines of plans and moves, with their ids."""

from __future__ import annotations

import logging

from twinhop.live.control.records import MoveRecord, PlanRecord
from twinhop.live.operate.logs import log_event

LOG = logging.getLogger("twinhop.live.control")


def log_record(record: PlanRecord | MoveRecord) -> None:
    """Log a plan or a move as it changes; for `Controller(listen=...)`."""
    if isinstance(record, PlanRecord):
        log_event(
            LOG,
            logging.INFO,
            "plan",
            plan=record.id,
            state=record.state,
            slot=record.slot,
            policy=record.policy,
            mode=record.mode,
            is_dry=record.is_dry,
            users=record.users,
            moves=len(record.moves),
            cost_s=record.cost_s,
            bound_s=record.bound_s,
            gap=record.gap,
            seconds=round(record.seconds, 3),
            note=record.note,
        )
        return
    log_event(
        LOG,
        logging.WARNING if record.state == "failed" else logging.INFO,
        "move",
        move=record.id,
        plan=record.plan,
        state=record.state,
        twin=record.twin,
        source=record.source,
        target=record.target,
        epoch=record.epoch,
        pause_s=round(record.pause_s, 6),
        detail=record.detail,
    )
