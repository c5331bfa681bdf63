"""Configurations of training that come with the package."""
