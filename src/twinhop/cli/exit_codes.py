"""Exit codes beside 0."""

#: Bad input, or a problem proved infeasible; Ctrl-C.
REFUSED, INTERRUPTED = 2, 130
