"""Constants that learning and deciding share: what the primal-dual network sees, and how its prices begin.

They are compiled in elsewhere, by `twinhop.jit`, whose cache looks for changes in files that name it.
"""

PRICE_FEATURES_VERSION = 1
"""Counts changes of what the network sees; weights of another version mean nothing here."""
EDGE, USER, STATION = 6, 12, 16
"""Features of a link, of a user and of a station, those of the whole problem included."""
NEAR, NEARER = 2.0, 3.0
"""Near stations count for a user as ``exp(-NEAR r - NEARER far / mean far)``."""
STEEP = 8.0
"""A margin is told twice: as it is, and so many times as large, which tells small ones apart."""
LARGEST_MARGIN = 2.0
"""Margins count up to so many times a user's own unit."""
LARGEST_RATIO = 4.0
"""Ratios to a mean count up to this."""
STEP = 0.5
"""What a block's output is multiplied by before it is added to a user's log price."""
LARGEST_LOG = 4.0
"""A user's price is within ``exp`` of this of its unit."""
LEAST_UNIT = 1e-3
"""A user's unit is at least this share of the mean one."""
CONGESTION_STEPS, SEAT_STEPS = 14, 10
"""Bisections of a station's congestion price, and of its seat price at each."""
MOST_BLOCKS = 16
"""A file of weights holds at most so many blocks."""
