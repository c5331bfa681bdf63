"""Files, reports and figures of results."""
