"""The arrays that a scenario describes."""
