"""Files, report and figure of evaluations of learned weights."""
