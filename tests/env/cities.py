"""Small cities for environments."""

from twinhop.scenario import parse_scenario

CITY = """
schema_version: 1
name: small
seed: 2
stations: {{generate: {{count: {stations}}}, cpu_gcycles_per_s: {{uniform: [8, 24]}}, capacity_users: {capacity}}}
users: {{generate: {{count: {users}}}}}
radio: {{{radio}}}
objective: {{deadlines: {deadlines}}}
movement: {{{movement}}}
"""
FULL_RADIO = "path_loss: tr38901_uma, shadowing: correlated, fading: rayleigh, bandwidth_rule: equal_share"


def city(*, stations=4, users=12, capacity="all", radio="fading: rayleigh", deadlines="false", movement="slot_s: 1"):
    """A scenario of a few stations and users."""
    return parse_scenario(CITY.format(**locals()))
