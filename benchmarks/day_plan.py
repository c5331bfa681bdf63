"""One plan for 24 hours of `city-large`, whose users follow three unlike profiles: cost, certified bound, gap, time.

    python benchmarks/day_plan.py [--seconds 60] [--only mean,worst] [--seed 0]

Users within 1.1 km of the centre follow an office's day, those in the east of it a night out, the others that of a
home; a share of each is there in each hour, so that other places are busy at other hours. Four plans: the mean of the
hours without deadlines, and the mean, the worst hour and the dearest fifth of them with deadlines and seats; then what
a plan of one hour costs in all of them (`price`). `seconds`
are those of the solve, without compiling; CPU seconds are those of all threads, and of making the problems. Run it
twice: the first run may compile.
"""

import argparse
import json
import time

from twinhop.plans.joint_plan import plan_hours
from twinhop.plans.pricing import price
from twinhop.plans.request import plan as plan_of
from twinhop.scenario import Scenario, build_world, load_scenario
from twinhop.scenario.city import from_mapping

PRICE = "price"
#: Shares of the users who are there, hour 0 first.
PROFILES = {
    "office": (
        *(0.05, 0.04, 0.04, 0.04, 0.05, 0.1, 0.3, 0.6, 0.9, 1, 1, 0.95),
        *(0.8, 0.9, 1, 0.95, 0.85, 0.6, 0.35, 0.2, 0.12, 0.1, 0.08, 0.06),
    ),
    "home": (
        *(0.35, 0.25, 0.2, 0.2, 0.22, 0.3, 0.5, 0.6, 0.45, 0.35, 0.3, 0.3),
        *(0.35, 0.35, 0.35, 0.4, 0.5, 0.7, 0.85, 0.95, 1, 0.95, 0.8, 0.55),
    ),
    "night": (
        *(0.9, 0.8, 0.6, 0.4, 0.2, 0.1, 0.05, 0.05, 0.05, 0.05, 0.1, 0.15),
        *(0.25, 0.25, 0.2, 0.2, 0.25, 0.35, 0.5, 0.65, 0.8, 0.9, 1, 1),
    ),
}
CENTRE_XY_M, CENTRE_RADIUS_M, EAST_X_M = (2900.0, 2450.0), 1100.0, 4000.0
#: Name, whether deadlines count, the risk measure, and the level of cvar.
PLANS = (
    ("mean-free", False, "mean", None),
    ("mean", True, "mean", None),
    ("worst", True, "worst", None),
    ("cvar", True, "cvar", 0.2),
)


def profile_at(x_m: float, y_m: float) -> str:
    """The profile of a user, by where it is."""
    if (x_m - CENTRE_XY_M[0]) ** 2 + (y_m - CENTRE_XY_M[1]) ** 2 < CENTRE_RADIUS_M**2:
        return "office"
    return "night" if x_m > EAST_X_M else "home"


def city_of_three_profiles(deadlines: bool, seed: int) -> Scenario:
    """`city-large` with a profile for each user."""
    scenario = load_scenario("city-large", seed)
    world = build_world(scenario)
    content = scenario.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    rows = zip(world.user_ids, world.user_xy_m.tolist(), strict=True)
    users = [{"id": name, "x_m": x, "y_m": y, "load_profile": profile_at(x, y)} for name, (x, y) in rows]
    content["users"] = {"list": users, "deadline_ms": content["users"]["deadline_ms"]}
    content["load"] = {"hour": 0, "profiles": {name: list(profile) for name, profile in PROFILES.items()}}
    content["objective"] = {"deadlines": deadlines}
    return from_mapping({"schema_version": 1, **content})


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", default=",".join([*(each[0] for each in PLANS), PRICE]))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for name, deadlines, robust, level in PLANS:
        if name not in arguments.only.split(","):
            continue
        scenario = city_of_three_profiles(deadlines, arguments.seed)
        began, cpu = time.perf_counter(), time.process_time()
        plan = plan_hours(scenario, robust=robust, cvar_level=level, time_limit_s=arguments.seconds)
        answer = plan.to_json()
        facts = {field: answer[field] for field in ("robust", "cost", "lower_bound", "own_lower_bound", "seconds")}
        facts |= {"servers": len(answer["open"]), "gap_percent": round(100 * plan.gap, 4) if plan.gap else plan.gap}
        facts |= {"users": [row["users"] for row in answer["cases"]], "feasible": plan.feasible}
        facts |= {"wall_s": round(time.perf_counter() - began, 1), "cpu_s": round(time.process_time() - cpu, 1)}
        print(json.dumps({"plan": name, "deadlines": deadlines, **facts}), flush=True)
    if PRICE in arguments.only.split(","):
        scenario = city_of_three_profiles(True, arguments.seed)
        given = plan_of(scenario)
        price(given, scenario, hours=range(1))  # what it compiles is no part of it
        began, cpu = time.perf_counter(), time.process_time()
        priced = price(given, scenario, hours=range(24))
        facts = {"wall_s": round(time.perf_counter() - began, 1), "cpu_s": round(time.process_time() - cpu, 1)}
        print(json.dumps({"plan": PRICE, "hours": len(priced.hours), "distance": priced.distance, **facts}), flush=True)


if __name__ == "__main__":
    main()
