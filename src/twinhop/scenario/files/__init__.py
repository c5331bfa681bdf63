"""How scenarios are read and written: YAML, CSV, GeoJSON, graph files."""
