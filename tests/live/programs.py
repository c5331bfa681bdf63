"""Programs of the system that live tests run beside twinhop's own."""

import shutil

import pytest


def program(name):
    """The path of a program, or a skip; where `CI=true`, `conftest.py` makes a failure of that.

    Debian keeps daemons in /usr/sbin, which is not on everybody's PATH.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed; CONTRIBUTING.md says what `make test-live` needs")
    return path
