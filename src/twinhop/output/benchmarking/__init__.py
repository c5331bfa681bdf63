"""Files, report and figure of the benchmark."""
