"""Recorded movement: readers of its formats, the one internal format, and its positions slot by slot."""

from twinhop.scenario.traces.importing import ImportedTrace, ImportOptions, import_trace
from twinhop.scenario.traces.registry import TRACE_FORMATS
from twinhop.scenario.traces.resample import TracePositions
from twinhop.scenario.traces.trace import Trace, TraceAbout

__all__ = ["TRACE_FORMATS", "ImportOptions", "ImportedTrace", "Trace", "TraceAbout", "TracePositions", "import_trace"]
