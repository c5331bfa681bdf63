"""Hypothesis with fixed seeds and no time limit an example; the folders of tests; no skips of live tests in CI."""

import os

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where `CI=true`, what live tests need is there: a skip is a failure."""
    report = yield
    if report.skipped and item.get_closest_marker("live") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, though CI=true: {report.longrepr[-1]}"
    return report
