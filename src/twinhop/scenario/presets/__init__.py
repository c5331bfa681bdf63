"""Scenarios that come with twinhop: presets, families, the tasks of the benchmark."""
