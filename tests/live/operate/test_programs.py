"""What live tests run beside twinhop, and that a missing program is a failure where all are said to be installed."""

import subprocess
import sys
from pathlib import Path

import pytest
from programs import program

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "name", ["curl", "mosquitto", "mosquitto_pub", "mosquitto_sub", "prometheus", "promtool", "systemd-analyze"]
)
def test_a_program_is_there(name):
    assert Path(program(name)).is_file()


def test_a_skipped_live_test_fails_in_ci(monkeypatch):
    test = f"{Path(__file__).relative_to(ROOT)}::test_a_program_is_there[curl]"
    monkeypatch.setenv("PATH", "/nonexistent")
    for ci, code, words in (("", 0, "1 skipped"), ("true", 1, "curl is not installed")):
        monkeypatch.setenv("CI", ci)
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "live", test]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert run.returncode == code and words in run.stdout, run.stdout
