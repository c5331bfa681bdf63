"""What `twinhop reproduce` finds, and how long it takes by the clock on this machine; one JSON line a row.

    python benchmarks/reproductions.py lu2021|transfer [--full] [--data ../shared/data] [--out out/reproductions]

Quick runs begin in an empty folder, compilation included, with a process a core: ten minutes on two cores are asked
for. `--full` are the ones in docs/reproduce, hours of one core; what is finished under `--out` is not done again.
"""

import argparse
import json
import shutil
import time
from pathlib import Path

QUICK_S = 600.0


def lu2021(quick, out, data):
    """Verdicts on the claims of the paper."""
    from twinhop.studies.lu2021.reproduce import reproduce_lu2021

    found = reproduce_lu2021(quick=quick, out=out)
    for algorithm, findings in found.findings.items():
        for at, finding in enumerate(findings):
            yield {"algorithm": algorithm, "claim": at + 1, "verdict": finding.verdict}


def transfer(quick, out, data):
    """Every arm of every shift."""
    from twinhop.studies.policy_transfer.study import reproduce_transfer

    yield from reproduce_transfer(quick=quick, out=out, data=data).policies.to_json()["rows"]


KINDS = {"lu2021": lu2021, "transfer": transfer}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("out/reproductions"))
    arguments = parser.parse_args()
    out = arguments.out / arguments.kind
    if not arguments.full:
        shutil.rmtree(out, ignore_errors=True)
    began = time.perf_counter()
    for row in KINDS[arguments.kind](not arguments.full, out, arguments.data if arguments.data.is_dir() else None):
        print(json.dumps(row), flush=True)
    seconds = round(time.perf_counter() - began, 1)
    asked = {} if arguments.full else {"asked_s": QUICK_S, "reached": seconds <= QUICK_S}
    print(json.dumps({"kind": arguments.kind, "seconds": seconds, **asked}))


if __name__ == "__main__":
    main()
