"""Learning to place twins: MADDPG as printed and as it works, in JAX."""
