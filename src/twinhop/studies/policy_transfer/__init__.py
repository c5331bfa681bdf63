"""The experiment that the reference paper claims and does not show: what a transferred policy gains, shift by shift."""
