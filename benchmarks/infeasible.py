"""How soon, and by how few users, it is proved that deadlines cannot be kept together; one JSON line a family.

    python benchmarks/infeasible.py [--seeds 100]

Seconds are from a problem in memory to the error; loops are compiled before. Feasible seeds are passed over.
"""

import argparse
import json
import statistics
import time

from twinhop.placement import InfeasibleProblem
from twinhop.placement.budget import Budget
from twinhop.placement.search import Search
from twinhop.placement.seating import require_seats
from twinhop.plans.planning import make_case

FAMILIES = ("family(200, 20, deadlines=on)", "family(1000, 50, deadlines=on)")
FIRST_SEED = 1000


def proof_of(problem):
    """The proof that a problem has no plan, or None; and the seconds it took."""
    started = time.perf_counter()
    try:
        require_seats(problem)
        Search(problem, Budget()).start()
    except InfeasibleProblem as error:
        return error.proof, time.perf_counter() - started
    return None, time.perf_counter() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = range(FIRST_SEED, FIRST_SEED + parser.parse_args().seeds)
    proof_of(make_case(FAMILIES[0], FIRST_SEED).problem)
    for family in FAMILIES:
        found = [proof_of(make_case(family, seed).problem) for seed in seeds]
        proofs = [proof for proof, _ in found if proof is not None]
        taken = [seconds for proof, seconds in found if proof is not None]
        row = {"family": family, "seeds": len(seeds), "infeasible": len(proofs)}
        row |= {"users": sorted(len(proof.users) for proof in proofs), "minimal": sum(bool(p.minimal) for p in proofs)}
        row |= {"median_ms": round(1e3 * statistics.median(taken), 1), "worst_ms": round(1e3 * max(taken), 1)}
        print(json.dumps(row))


if __name__ == "__main__":
    main()
