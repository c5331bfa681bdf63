"""A twin against a plain model of it that keeps every update for ever, through packs at any moment."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twin_makers import SCHEMA, make_twin, models, update

from twinhop.twin import Update, packed, unpacked
from twinhop.twin import history as module

#: Small, so that chunks are sealed within a few steps.
CHUNK, TAIL = 4, 6


class PlainTwin:
    """All updates taken, in a dictionary; everything else is worked out anew each time it is asked for."""

    def __init__(self):
        self.taken: dict[int, Update] = {}
        self.sealed = 0

    @property
    def newest(self):
        return max(self.taken, default=0)

    def answer(self, each):
        """The outcome, and whether the update is late, or why it is set aside."""
        if each.seq in self.taken:
            same = str(self.taken[each.seq].values.tolist()) == str(each.values.tolist())
            return "duplicate" if same else "set aside: conflict"
        if each.seq < self.sealed:
            return "set aside: sealed"
        return "applied late" if each.seq < self.newest else "applied"

    def take(self, each):
        self.taken[each.seq] = each
        open_seqs = sorted(seq for seq in self.taken if seq > self.sealed)
        if len(open_seqs) == TAIL:
            self.sealed = open_seqs[CHUNK - 1]

    def state(self):
        """The newest value of each column."""
        state = np.full(SCHEMA.width, np.nan)
        for each in sorted(self.taken.values(), key=lambda one: one.seq):
            there = ~np.isnan(each.values)
            state[there] = each.values[there]
        return state


class TwinMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "CHUNK_RECORDS", CHUNK)
        self.patch.setattr(module, "TAIL_RECORDS", TAIL)
        kinds = ("constant_velocity", "level", "next_station")
        self.twin, self.unpacked_never = make_twin(models=models(*kinds)), make_twin(models=models(*kinds))
        self.plain = PlainTwin()

    def teardown(self):
        try:
            assert packed(self.twin) == packed(self.unpacked_never)
        finally:
            self.patch.undo()

    def offer(self, each):
        expected = self.plain.answer(each)
        for twin in (self.twin, self.unpacked_never):
            answer = twin.apply(each)
            told = f"{answer.outcome}: {answer.reason}" if answer.reason else answer.outcome + " late" * answer.late
            assert told == expected
        if expected.startswith("applied"):
            self.plain.take(each)

    @rule(ahead=st.integers(1, 3), wait_s=st.integers(0, 2), given=st.sampled_from(["position", "speed", "mode"]))
    def newer(self, ahead, wait_s, given):
        seq = self.plain.newest + ahead
        values = {"position": (seq, 0.5 * seq), "speed": seq % 50, "mode": ("walk", "drive", "stand")[seq % 3]}
        time_s = self.twin.time_s + wait_s if self.plain.taken else 0.0
        self.offer(update(seq, time_s, **{given: values[given]}))

    @precondition(lambda self: self.plain.taken)
    @rule(back=st.integers(0, 12), shift_s=st.sampled_from([-1.0, 0.0, 0.0, 1.0]))
    def older(self, back, shift_s):
        seq = self.plain.newest - back
        if seq >= 1:
            near = self.plain.taken.get(seq) or self.plain.taken[min(s for s in self.plain.taken if s > seq)]
            self.offer(update(seq, near.observed_s + shift_s, speed=seq % 50))

    @precondition(lambda self: self.plain.taken)
    @rule(back=st.integers(0, 12))
    def again(self, back):
        seqs = sorted(self.plain.taken)
        self.offer(self.plain.taken[seqs[max(len(seqs) - 1 - back, 0)]])

    @rule(ahead_s=st.sampled_from([1.0, 1.5, 100.0]))
    def early(self, ahead_s):
        time_s = self.twin.time_s if self.plain.taken else 0.0
        self.offer(update(self.plain.newest + 1, time_s + ahead_s, received_s=time_s, speed=1.0))

    @precondition(lambda self: self.plain.taken)
    @rule()
    def backwards(self):
        self.offer(update(self.plain.newest + 1, self.twin.time_s - 0.5))

    @rule()
    def pack_and_resume(self):
        content = packed(self.twin)
        assert packed(self.unpacked_never) == content
        self.twin = unpacked(content)

    @invariant()
    def knows_what_the_plain_twin_knows(self):
        taken = self.plain.taken
        np.testing.assert_array_equal(self.twin.state, self.plain.state())
        assert self.twin.seq == self.plain.newest
        assert self.twin.missing == self.plain.newest - len(taken)
        assert self.twin.revision == len(taken)
        kept = self.twin.history.between(0, 10**6)
        assert kept.seq.tolist() == sorted(taken)
        np.testing.assert_array_equal(kept.values, [taken[seq].values for seq in sorted(taken)] or np.empty((0, 5)))


TwinMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True)
TestTwin = TwinMachine.TestCase
