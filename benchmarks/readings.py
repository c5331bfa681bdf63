"""What each reading of the paper changes on lu2021-n100-m10; one JSON line a row.

    python benchmarks/readings.py [--write]

``--write`` puts the table into docs/readings.md, between its markers. Rows 7 and 11 need deadlines, which the preset
does not have: they are compared with the preset with its deadlines turned on. Every plan is the policy lagrangian's.
"""

import argparse
import json
from pathlib import Path

import twinhop
from twinhop.placement import evaluate
from twinhop.plans.service_levels import service_levels
from twinhop.scenario import preset
from twinhop.scenario.schema.readings import PLACEMENT_ROWS, Readings

PRESET = "lu2021-n100-m10"
PAGE = Path(__file__).parents[1] / "docs" / "readings.md"
BEGIN, END = "<!-- table of benchmarks/readings.py -->", "<!-- end of the table -->"
#: Rows that change nothing without deadlines.
DEADLINE_ROWS = (7, 11)


def source(rows, deadlines, default="sound"):
    """The preset with these rows read literally."""
    scenario = preset(PRESET)
    objective = scenario.objective.model_copy(update={"deadlines": deadlines})
    readings = Readings(default=default, rows=dict.fromkeys(rows, "literal"))
    return scenario.model_copy(update={"readings": readings, "objective": objective})


def fairness(values):
    """Jain's index: 1 where all are equal."""
    return float(values.sum() ** 2 / (len(values) * (values**2).sum()))


def row(name, plan, sound):
    """What a plan under another reading costs, as read and soundly, and how it differs from the sound plan."""
    placement, utility = plan.solution.placement, service_levels(plan).utility
    literal = plan.literal_evaluation
    judged = evaluate(sound.case.problem, placement)
    return {
        "row": name,
        "base": "sound with deadlines" if sound.case.problem.has_deadlines else "sound",
        "cost": plan.cost,
        "cost_as_printed": plan.cost if literal is None else literal.cost,
        "latency_s": plan.solution.evaluation.latency_s,
        "opened": int(placement.open.sum()),
        "moved_twins": int((placement.host != sound.solution.placement.host).sum()),
        "sound_cost": judged.cost,
        "sound_violations": len(judged.violations),
        "worse_percent": 100 * (judged.cost / sound.cost - 1),
        "utility_mean": None if utility is None else float(utility.mean()),
        "utility_jain": None if utility is None else fairness(utility),
    }


def measure():
    """Every row, the sound readings first and all rows literal last."""
    free, bound = (twinhop.plan(source((), deadlines)) for deadlines in (False, True))
    rows = [row("sound", free, free), row("sound with deadlines", bound, bound)]
    for number in PLACEMENT_ROWS:
        deadlines = number in DEADLINE_ROWS
        rows.append(row(str(number), twinhop.plan(source((number,), deadlines)), bound if deadlines else free))
    rows.append(row("all", twinhop.plan(source((), False, "literal")), free))
    rows.append(row("all with deadlines", twinhop.plan(source((), True, "literal")), bound))
    return rows


def cells(each):
    """One line of the table."""
    judged = f"{each['sound_cost']:.8g}" + (f" ({each['sound_violations']} late)" if each["sound_violations"] else "")
    happy = "-" if each["utility_mean"] is None else f"{each['utility_mean']:.8g}, {each['utility_jain']:.8g}"
    return (
        *(each["row"], f"{each['cost']:.8g}", f"{each['cost_as_printed']:.8g}", f"{each['latency_s']:.8g}"),
        *(f"{each['opened']}", f"{each['moved_twins']}", judged, f"{each['worse_percent']:.5f} %", happy),
    )


def table(rows):
    """The rows in Markdown."""
    header = ("row read literally", "cost decided on", "cost as printed", "latency [s]", "opened", "twins elsewhere")
    header += ("its cost read soundly", "worse by", "utility: mean, Jain")
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|"]
    return "\n".join(lines + ["| " + " | ".join(cells(each)) + " |" for each in rows])


def write(rows, page=PAGE):
    """Put the table between the markers of the page."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    page.write_text(f"{head}{BEGIN}\n\n{table(rows)}\n\n{END}{tail}", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the table into docs/readings.md")
    asked = parser.parse_args()
    rows = measure()
    for each in rows:
        print(json.dumps(each))
    if asked.write:
        write(rows)


if __name__ == "__main__":
    main()
