"""Learning to place twins: MADDPG as printed and as it works, in JAX."""

from twinhop.extras import require_extra

require_extra("learn", "learned policies (twinhop.learn)")
