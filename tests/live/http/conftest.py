"""What needs the extra `serve` is left out where it is not installed."""

import pytest

pytest.importorskip("fastapi")
