"""Constants that learning and deciding share: what an actor sees, and how its outputs begin.

They are compiled in elsewhere, by `twinhop.jit`, whose cache looks for changes in files that name it.
"""

FEATURES_VERSION = 1
"""Counts changes of what an actor sees; weights of another version mean nothing here."""
UNITS = 8.0
"""The unit of time is an eighth of what computing and opening cost together where nothing else counts."""
LEAST_SHARE = 1e-3
"""The unit is at least so much of the mean communication latency, where neither computing nor opening costs."""
FARTHEST = 30.0
"""Communication latencies above a user's least count up to so many units."""
ROOMIEST = 4.0
"""Capacities count up to so many times N / M."""
EDGE_FEATURES, USER_FEATURES, STATION_FEATURES, GLOBAL_FEATURES = 5, 3, 7, 4

HEADS = 4
NEARNESS = (0.0, 1.0, 2.0, 4.0)
"""How much each head favours near stations to begin with, a unit of communication latency."""
OUTPUT_GAIN = 3.0
FIRST_OPENING = 1.0
"""Opening logits begin here: all open."""
FIRST_NEARNESS = 2.0
"""Scores begin as minus so many times the communication latency: to the nearest."""
FORBIDDEN = -1e9
