"""Configurations of the smallest runs of both algorithms: seconds, of which most is compilation."""

NETWORKS = "{node_width: 4, edge_width: 2, critic_edge_width: 2, critic_station_width: 4, rounds: 0,"
TINY = f"""
schema_version: 1
name: tiny
scenario: SCENARIO
iterations: 2
environments: 2
structured: {NETWORKS}
  critic_updates: 1, critic_only_iterations: 0, replay_slots: 4}}
"""
PRINTED = """
schema_version: 1
name: printed
algorithm: literal
scenario: SCENARIO
topologies: fixed
iterations: 1
evaluation: {every: 1, instances: 1}
literal: {hidden: [4], slots: 3, replay: 3, batch: 2}
"""


def tiny(scenario, more):
    """A run of the structured learner, with a few more fields."""
    return TINY.replace("SCENARIO", scenario) + more


def printed(scenario):
    """A run of Algorithm 1 as printed."""
    return PRINTED.replace("SCENARIO", scenario)
