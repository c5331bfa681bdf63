"""Files, reports and figures of runs."""
