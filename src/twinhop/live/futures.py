"""Futures that a host gives to whoever asks: what was begun is done, and each is answered once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
S = TypeVar("S")


def running() -> Future[Any]:
    """A future that whoever waits for it cannot cancel: what was begun is done."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future


def succeed(future: Future[T], result: T) -> None:
    """Give a result, unless another thread was faster."""
    with suppress(InvalidStateError):
        future.set_result(result)


def fail(future: Future[Any], error: BaseException) -> None:
    """Give an error, unless another thread was faster."""
    with suppress(InvalidStateError):
        future.set_exception(error)


def answer(future: Future, question: Callable[[S], Any], asked: S) -> None:
    """Give what a question answers, or what it raises."""
    try:
        result = question(asked)
    except Exception as error:
        fail(future, error)
    else:
        succeed(future, result)
