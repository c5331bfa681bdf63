"""Hypothesis with fixed seeds and no time limit an example; the folders of tests."""

import pytest
from hypothesis import settings
from live_makers import memory_engine

from twinhop.live.sqlite import open_folder

settings.register_profile("live", deadline=None, derandomize=True)
settings.load_profile("live")


@pytest.fixture(params=["sqlite", "memory"])
def engine(request, tmp_path):
    """Every adapter of the ports: a further one is a further parameter."""
    if request.param == "memory":
        yield memory_engine()
        return
    with open_folder(tmp_path / "data") as folder:
        yield folder.engine
