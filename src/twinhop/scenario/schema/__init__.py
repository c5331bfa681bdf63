"""What a scenario is: the sections of a scenario file and their checks."""
