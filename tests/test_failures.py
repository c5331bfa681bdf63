"""Failures of policies as data: told with their world, sent between processes, and raised where nothing is left."""

import pickle

import pytest

from twinhop.errors import InputError
from twinhop.failures import PolicyFailed, PolicyFailure, attempt, failed_by, failure_lines, refuse_if_all_failed


def failing():
    raise PolicyFailed("place", "returned nothing", slot=4) from KeyError("x")


def test_a_failure_is_kept_with_policy_world_and_slot():
    failure = attempt(failing, "city", 3, "place (2)")
    assert failure == PolicyFailure("place (2)", "city", 3, 4, "returned nothing")
    assert failure.in_words() == "place (2), on city (seed 3, slot 4), returned nothing"
    assert failure.to_json()["seed"] == 3
    assert attempt(lambda: 5, "city", 3, "place") == 5


def test_other_errors_go_through():
    def refused():
        raise InputError("no such file")

    with pytest.raises(InputError, match="^no such file$"):
        attempt(refused, "city", 0, "place")


def test_it_goes_to_another_process():
    error = PolicyFailed("place", "returned nothing", "city", 3, 4)
    error.add_note("in a worker")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "policy: place, on city (seed 3, slot 4), returned nothing"
    assert again.failure == error.failure and again.__notes__ == ["in a worker"]


def test_a_refusal_while_it_ran_is_its_failure():
    assert failed_by("place", InputError("policy: place takes no argument")).failure.message == "takes no argument"
    assert failed_by("place", InputError("policy: place: got int")).failure.message == "got int"


def test_where_nothing_is_left_the_first_is_raised():
    failures = [PolicyFailure(name, "city", 0, None, "raised ValueError") for name in ("one", "two", "two")]
    refuse_if_all_failed([], 0)
    refuse_if_all_failed(failures, 1)
    with pytest.raises(PolicyFailed, match=r"^policy: one, on city \(seed 0\), raised ValueError; so did two fail$"):
        refuse_if_all_failed(failures, 0)


def test_of_many_the_first_are_told():
    failures = [PolicyFailure("one", "city", seed, None, "raised ValueError") for seed in range(10)]
    lines = failure_lines(failures)
    assert len(lines) == 9 and lines[-1].startswith("2 more")
