"""Makes the oracle and the problem makers of tests/placement importable from every test folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "placement"))
