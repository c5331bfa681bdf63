"""The reference values of the radio models: published test vectors, read where the file is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

TOLERANCE_DB = 0.01
FILE = Path(__file__).resolve().parents[3] / "shared" / "data" / "radio_reference.json"


def radio_reference() -> dict[str, Any]:
    """The reference values; see their `about`. Skips the test where they are absent."""
    if not FILE.is_file():
        pytest.skip(f"no radio reference values at {FILE}")
    return json.loads(FILE.read_text(encoding="utf-8"))
