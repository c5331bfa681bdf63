"""Twins of devices and services: state, history, behaviour models, synchronisation."""
