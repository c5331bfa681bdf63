"""Logs: a line is a record, whatever users name; no secrets; no floods."""

import io
import json
import logging
import re
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinhop.errors import InputError
from twinhop.live.operate.logs import EVERY_S, MOST, log_event, logs_to

LOG = logging.getLogger("twinhop.live")


@contextmanager
def lines(form="json", level="info", clock_s=lambda: 0.0):
    stream, out = io.StringIO(), []
    with logs_to(stream, form, level, clock_s):
        yield out
    out += stream.getvalue().splitlines()


def test_a_record_is_one_line_of_json():
    with lines() as out:
        log_event(LOG, logging.INFO, "moved", move="m-7", plan="p-3", pause_s=0.25, twins=["a", "b"])
    record = json.loads(out[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
    assert record == {
        **{"level": "info", "event": "moved", "logger": "twinhop.live"},
        **{"move": "m-7", "plan": "p-3", "pause_s": 0.25, "twins": ["a", "b"]},
    }


@settings(max_examples=30)
@given(st.text(), st.sampled_from(["json", "text"]))
def test_no_text_of_a_user_begins_a_line_or_leaves_ascii(text, form):
    with lines(form) as out:
        log_event(LOG, logging.WARNING, "set aside", twin=text, facts={text: [text]})
        LOG.warning("twin %s", text)
    assert len(out) == 2 and all(each.isascii() and each.isprintable() for each in out)
    if form == "json":
        assert json.loads(out[0])["twin"] == text


def test_secrets_are_hidden_wherever_they_stand():
    with lines() as out:
        log_event(
            LOG, logging.INFO, "asked", token="abc123", headers={"Authorization": "Bearer abc123", "x": "Bearer abc123"}
        )
        LOG.info("asked with Authorization: bearer abc123.-_~+/=")
    assert "abc123" not in "".join(out) and json.loads(out[0])["token"] == "(hidden)"


def test_numbers_that_json_lacks_and_values_that_it_does_not_know():
    with lines() as out:
        log_event(LOG, logging.INFO, "facts", gap=float("nan"), most=float("inf"), kind=LOG, deep=[[[[[[1]]]]]])
    record = json.loads(out[0], parse_constant=pytest.fail)
    assert record["gap"] == "nan" and record["kind"].startswith("<Logger")


def test_an_error_says_what_and_where_in_the_same_line():
    with lines() as out:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            LOG.exception("unexpected")
    record = json.loads(out[0])
    assert record["error"] == "ValueError: two\nlines" and record["where"].startswith("test_logs.py:")


def test_repeats_are_counted_and_others_pass():
    now_s = [0.0]
    with lines(clock_s=lambda: now_s[0]) as out:
        for number in range(MOST + 40):
            log_event(LOG, logging.WARNING, "no room", number=number)
            log_event(LOG, logging.WARNING, "slow reader")
            LOG.warning("told %d", number)
        now_s[0] = EVERY_S
        log_event(LOG, logging.WARNING, "no room")
    records = [json.loads(each) for each in out]
    assert len(records) == 3 * MOST + 1 and records[-1]["left_out"] == 40


def test_levels_forms_and_what_is_restored():
    before = (LOG.parent.handlers[:], LOG.parent.level, LOG.parent.propagate)
    with lines("text", "warning") as out:
        log_event(LOG, logging.INFO, "less")
        log_event(LOG, logging.ERROR, "more", twin="a b")
        logging.getLogger("uvicorn.error").error("of uvicorn")
    assert len(out) == 2 and re.fullmatch(r'\S+Z error   more logger=twinhop.live twin="a b"', out[0])
    assert (LOG.parent.handlers[:], LOG.parent.level, LOG.parent.propagate) == before
    for form, level in (("xml", "info"), ("json", "loud")):
        with pytest.raises(InputError, match="expected one of"), logs_to(io.StringIO(), form, level):
            pass
