"""docs/traces.md names every format, and states the limits of the code."""

from blocks import ROOT

from twinhop.io.xml_stream import LARGEST_TOKEN_BYTES
from twinhop.scenario.importers.sf_cells import LONGEST_GAP_MIN
from twinhop.scenario.sanity import ABSURD_MPS, FASTEST_MPS, LARGEST_EXTENT_M, SLOWEST_MPS
from twinhop.scenario.time_unit import LEAST_MILLISECONDS, TIME_UNITS
from twinhop.scenario.traces import TRACE_FORMATS
from twinhop.scenario.traces.importing import LEAST_LONGEST_GAP_S, LONGEST_GAP_INTERVALS
from twinhop.scenario.traces.movements import GAP_INTERVALS
from twinhop.scenario.traces.sumo import ENTRY_SHARE, GRID_LENGTH_M
from twinhop.scenario.traces.trace import COLUMNS, METADATA_KEY

PAGE = (ROOT / "docs" / "traces.md").read_text(encoding="utf-8")


def test_every_format_and_column_is_there():
    for name in TRACE_FORMATS:
        assert f"| `{name}` |" in PAGE
    for column in COLUMNS:
        assert f"`{column}`" in PAGE
    assert f"`{METADATA_KEY}`" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"{LEAST_LONGEST_GAP_S:g} s, or five times the typical" in PAGE
    assert LONGEST_GAP_INTERVALS == 5
    assert "one and a half times" in PAGE
    assert GAP_INTERVALS == 1.5
    assert LARGEST_TOKEN_BYTES == 2**20
    for unit in TIME_UNITS:
        assert f"`{unit}`" in PAGE
    assert LEAST_MILLISECONDS == 1e11
    for words in (f"faster than {FASTEST_MPS:g} m/s", f"faster than {ABSURD_MPS / 1000:g} km/s"):
        assert words in PAGE
    for words in (f"faster than {SLOWEST_MPS:g} m/s", f"over more than {LARGEST_EXTENT_M / 1000:g} km"):
        assert words in PAGE
    assert f"streets {GRID_LENGTH_M:g} m apart" in PAGE
    assert ENTRY_SHARE == 0.1
    assert f"up to {LONGEST_GAP_MIN} minutes" in PAGE
