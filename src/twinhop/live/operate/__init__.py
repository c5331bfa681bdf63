"""Operating what lives: metrics, logs, the check of a folder, backup and restore."""
