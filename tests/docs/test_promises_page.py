"""Every test that the pages of the live system name is there."""

import re

import pytest
from blocks import ROOT


@pytest.mark.parametrize("page", ["promises.md", "operate-live.md"])
def test_named_tests_are_there(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    source, named = "", 0
    for path, name in re.findall(r"`(tests/[\w/]+\.py)`|`(test_\w+)`", text):
        if path:
            source = (ROOT / path).read_text(encoding="utf-8")
        else:
            assert f"def {name}(" in source, name
        named += 1
    assert named
