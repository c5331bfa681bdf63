"""Files and texts: whole or not at all, bounded, with errors that name file and line."""
