"""Plan a generated city, read the certificate, write map and report."""

import twinhop

plan = twinhop.plan("city-small")
print(f"cost {plan.cost:.4f}; no feasible plan costs less than {plan.lower_bound:.4f} (gap {plan.gap:.2%})")

evaluation = plan.solution.evaluation
print(f"mean latency {evaluation.latency_s:.3f} s, opening {evaluation.opening_s:.2f} s, feasible: {plan.feasible}")

user, station = next(iter(plan.hosts.items()))
print(f"the twin of user {user} is hosted on station {station}")

for path in plan.save("out/city"):
    print(path)
