"""Policies on fixed tasks."""
