"""P2, the migration of twins: dynamics of a run, policies, and the certified offline bound."""
