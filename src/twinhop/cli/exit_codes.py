"""Exit codes beside 0."""

#: Bad input, a problem proved infeasible, or a place that cannot be written; Ctrl-C.
REFUSED, INTERRUPTED = 2, 130
#: Something that devices sent is not acknowledged.
UNACKNOWLEDGED = 1
#: What read standard output went away.
NOBODY_READS = 141
#: Added to the number of a signal that ended the program.
SIGNAL_BASE = 128
