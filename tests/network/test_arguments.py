"""Vectors of users never line up with stations."""

import numpy as np
import pytest

from twinhop.network.arguments import per_user


@pytest.mark.parametrize(
    ("shape", "like", "expected"),
    [
        ((3,), (3, 3), (3, 1)),
        ((3,), (3,), (3,)),
        ((3, 1), (3, 4), (3, 1)),
        ((2, 3), (2, 3, 4), (2, 3, 1)),
        ((), (3,), ()),
    ],
)
def test_axes_are_appended(shape, like, expected):
    assert per_user(np.zeros(shape), np.zeros(like)).shape == expected


def test_scalars_pass():
    assert per_user(2.0, np.zeros((3, 4))) == 2.0
    assert per_user(2.0, 1.0) == 2.0
