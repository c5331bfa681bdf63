"""Blocks of users summed by processes of their own give the reduced costs of one, to the last digit."""

import math
import multiprocessing
from dataclasses import replace

import numpy as np
from sparse_makers import STATIONS, USERS, prices, summed, world

from twinhop.placement.sparse.certificate import reduced_costs
from twinhop.placement.sparse.layout import Layout


def test_two_processes_and_one_give_the_same_reduced_costs():
    problem = replace(world(USERS, STATIONS, 12), wider=None)
    layout, (worth, theta, seat_price) = Layout(problem), prices()
    blocks = len(layout.bounds)
    with multiprocessing.get_context("spawn").Pool(1) as other:
        there = other.apply_async(summed, (problem, range(blocks // 2, blocks)))
        here = summed(problem, range(blocks // 2))
        gains, totals = zip(here, there.get(timeout=120), strict=True)
    fixed = theta**2 * problem.cpu_room / 4 + np.minimum(problem.capacity, USERS) * seat_price
    joined = problem.scaled_opening - (fixed + np.concatenate(gains).sum(axis=0))
    reduced, _, total, _ = reduced_costs(layout, worth, layout.ordered(problem.up_s), theta, seat_price)
    assert blocks > 8 and (np.concatenate(gains) > 0).any()
    assert joined.tolist() == reduced.tolist()
    assert math.fsum([*totals[0], *totals[1]]) == total
