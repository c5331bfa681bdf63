"""What a twin's models are worth elsewhere."""
