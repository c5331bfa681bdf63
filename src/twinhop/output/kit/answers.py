"""Answers as JSON files, with the version of their schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinhop.io.json_text import json_text
from twinhop.result import versioned


def write_answer(path: Path, value: Mapping[str, Any]) -> None:
    """Write plain values as `--json` prints them, but a line a value."""
    path.write_text(json_text(versioned(value)), encoding="utf-8")
