"""Twins of devices and of services: what they hold, and where services run."""
