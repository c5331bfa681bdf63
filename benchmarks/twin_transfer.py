"""What a twin's model is worth in the region that its user comes to; one JSON line a figure.

    python benchmarks/twin_transfer.py [--quick] [--seed 1] [--data FOLDER] [--output FOLDER]

Forecasts after each move to another region, by what the twin begins with: nothing (`cold`), the model of the region by
Eq. 32, its own model, both by Eq. 34 (fixed and decaying rho, and the literal reading). On generated movement the
first 60 s are held against what is asked: an error 30 % below the cold start's. Traffic of SUMO is among it where SUMO
is installed (`pip install 'twinhop[sumo]'`).
"""

import argparse
import json
import time
from pathlib import Path

from twinhop.studies.twin_transfer.study import save_study, twin_transfer_study

ASKED, LAST_S = 0.30, 60.0


def rounded(facts):
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in facts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    began = time.perf_counter()
    study = twin_transfer_study(arguments.quick, arguments.seed, arguments.data)
    for score in study.scores:
        facts = rounded(score.to_json())
        is_asked = (score.from_s, score.to_s) == (0.0, LAST_S) and score.world.startswith(("gauss", "hot", "sumo"))
        if is_asked and score.arm != "cold":
            facts |= {"asked": ASKED, "reached": score.below_cold >= ASKED}
        print(json.dumps(facts))
    facts = {key: value for key, value in study.to_json().items() if key != "scores"}
    print(json.dumps(facts | {"seconds": round(time.perf_counter() - began, 1)}))
    if arguments.output:
        save_study(study, arguments.output)


if __name__ == "__main__":
    main()
