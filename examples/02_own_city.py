"""Describe a city in YAML, plan it under two opening costs, save the cheaper one."""

import twinhop
from twinhop.scenario import parse_scenario

CITY = """
schema_version: 1
name: harbour
area: {width_m: 1200, height_m: 800}
stations:
  opening_s: OPENING
  list:
    - {id: quay, x_m: 200, y_m: 300, cpu_gcycles_per_s: 20}
    - {id: crane, x_m: 700, y_m: 500, cpu_gcycles_per_s: 16}
    - {id: gate, x_m: 1100, y_m: 200, cpu_gcycles_per_s: 8}
    - {id: mast, x_m: 600, y_m: 100, host: false}
users:
  generate: {count: 40}
objective: {deadlines: false}
"""

plans = {}
for opening_s in ("0.01", "1.0"):
    scenario = parse_scenario(CITY.replace("OPENING", opening_s), "harbour.yaml")
    plan = twinhop.plan(scenario)
    plans[opening_s] = plan
    print(f"opening {opening_s} s: cost {plan.cost:.3f}, gap {plan.gap:.3%}, hosts {sorted(set(plan.hosts.values()))}")

plans["0.01"].save("out/harbour")
