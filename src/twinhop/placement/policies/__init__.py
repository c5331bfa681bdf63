"""Placement policies, one file each; `twinhop.placement.policy` finds them by name."""
