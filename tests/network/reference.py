"""The reference values of `radio_reference.json`: see its `about`."""

import json
from pathlib import Path

RADIO = json.loads(Path(__file__).with_name("radio_reference.json").read_text(encoding="utf-8"))
TOLERANCE_DB = 0.01
