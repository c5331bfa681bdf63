"""The parts of the cost that several layers compute, each written once: floors, CPU shares, openings, hand-overs.

`edge` holds plain functions of arrays of any library; the other modules are compiled (`twinhop.jit`).
"""
