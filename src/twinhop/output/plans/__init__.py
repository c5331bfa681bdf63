"""Files, reports and figures of plans."""
