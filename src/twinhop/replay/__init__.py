"""Device twins on recorded or generated tracks."""
