"""Plan own arrays without any scenario, and check the certificate by hand."""

import numpy as np

import twinhop
from twinhop.placement import certify, load_problem, save_problem

rng = np.random.default_rng(7)
users, stations = 60, 6
problem = twinhop.PlacementProblem(
    comm_s=rng.uniform(0.1, 0.6, (users, stations)),
    root_work=np.sqrt(rng.uniform(5e8, 2e9, users)),
    cpu=rng.uniform(8e9, 24e9, stations),
    capacity=np.full(stations, 25),
    opening_s=np.full(stations, 0.2),
    alpha=1.0,
    beta=1.0,
)
save_problem(problem, "own.npz")
plan = twinhop.plan(load_problem("own.npz"))
print(f"cost {plan.cost:.4f}, lower bound {plan.lower_bound:.4f}, gap {plan.gap:.3%}")

# The bound needs no trust in the solver: it follows from the prices alone, and any prices give a valid one. Where the
# solver branched, each part of all plans has prices of its own, and the least of their bounds counts.
found = plan.solution.certificate
bounds = [certify(problem, *each.prices, part=each.part).lower_bound for each in found.parts]
prices = found.parts[0].prices
worse = certify(problem, *prices._replace(price=0.9 * prices.price))
print(f"from its prices {min(bounds):.4f}; from prices lowered by a tenth {worse.lower_bound:.4f}")
assert worse.lower_bound <= plan.cost and min(bounds) <= plan.cost
