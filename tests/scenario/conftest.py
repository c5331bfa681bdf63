import dataclasses

import numpy as np
import pytest

from twinhop.scenario import World


@pytest.fixture
def assert_same_world():
    """Asserts that two worlds agree bit for bit."""

    def check(first: World, second: World) -> None:
        for field in dataclasses.fields(World):
            one, two = getattr(first, field.name), getattr(second, field.name)
            if isinstance(one, np.ndarray):
                assert one.dtype == two.dtype, field.name
                assert one.shape == two.shape, field.name
                assert one.tobytes() == two.tobytes(), field.name
            else:
                assert one == two, field.name

    return check
