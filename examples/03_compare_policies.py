"""Compare policies on the same world against one certified bound."""

import twinhop

scenario = twinhop.load("lu2021-n100-m10", seed=1)
comparison = twinhop.compare(scenario, ["nearest", "random_association", "greedy", "lagrangian"])

print(f"certified lower bound {comparison.lower_bound:.4f} by {comparison.bound_by}")
for row in comparison.rows():
    print(f"{row['policy']:20} cost {row['cost']:.4f}  above bound {row['gap']:7.2%}  servers {row['opened']}")

comparison.save("out/comparison")
