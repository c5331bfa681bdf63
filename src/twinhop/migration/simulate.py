"""A policy in a run: slot by slot, what it decides, what that costs, and what the users see."""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

import numpy as np

from twinhop.compile_time import solving_clock_s
from twinhop.migration.outcome import Outcome, outcome_of
from twinhop.migration.policy import PolicyChoice
from twinhop.migration.run import NOWHERE, MigrationRun
from twinhop.migration.seating import seat
from twinhop.migration.situation import Situation
from twinhop.placement.problem import IntArray


def outcomes(run: MigrationRun, choice: PolicyChoice) -> Iterator[Outcome]:
    """Let a policy run.

    Args:
        run: the world and the constants.
        choice: the policy and its settings.

    Yields:
        What comes of each slot. A twin whose user is away rests on its host; where stations are redrawn, everybody
        starts anew.

    Raises:
        InputError: there are fewer seats than users in a slot.
    """
    seed = np.random.SeedSequence([run.scenario.seed], spawn_key=(crc32(b"migration"), crc32(choice.text.encode())))
    policy = choice.for_run(run, np.random.default_rng(seed))
    host = np.full(len(run.user_ids), NOWHERE, np.int64)
    epoch = 0
    for situation in run:
        if situation.slot.epoch != epoch:
            epoch = situation.slot.epoch
            host[:] = NOWHERE
        situation.with_hosts(host)
        start_s = solving_clock_s()
        requested = policy.decide(situation) if len(situation.users) else situation.before
        decision_s = solving_clock_s() - start_s
        outcome = _settle(situation, requested, decision_s)
        host[situation.users] = outcome.host
        yield outcome


def _settle(situation: Situation, requested: IntArray, decision_s: float) -> Outcome:
    """The outcome of what a policy asks for, as far as it can be met."""
    seating = seat(situation, requested)
    fallbacks = int((seating.changed | seating.late).sum())
    return outcome_of(situation, seating.host, fallbacks, decision_s)
