"""Policies where users move, learned and not, over the certified bound of the same run; JSON lines, and a figure.

    python benchmarks/sequential.py [--data DIR] [--only "WORLD;WORLD"] [--seeds 5] [--learned RUN,RUN,...]
    python benchmarks/sequential.py --barrier [--data DIR]
    python benchmarks/sequential.py --summary
    python benchmarks/sequential.py --draw

`over bound` is the cost of a policy over the certified bound of the run (`offline_bound`), with the 95 % interval of
its mean over seeds; `beside expected` the differences to `expected` in the same runs, with that of theirs: a policy is
better where it ends below 0. Each training seed is a row; `learned, all seeds` has their mean in each run. `regret`
splits what policies cost above the bound into what a look-ahead that knows the next hour costs above it too, and the
rest, which is for not knowing. Lines are kept in a folder: what is there already is not run again.

`--barrier` asks what any policy could reach that does not know the future: minutes 540 to 659 of San Francisco, users
going by the Markov chain of all minutes before 660. Prices that do not depend on what happens bound every such policy
from below: each user's best expected cost at the prices is a Markov decision process, solved exactly.

San Francisco's minutes 660 to 779 and 820 to 939 decided nothing: weights and settings are of minutes before 660.
Worlds whose data or programs are missing are skipped, saying so.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import dataclasses
import importlib.util
import itertools
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml

from migration import taxis
from twinhop.jit import jit
from twinhop.migration.offline.solve import offline_bound
from twinhop.migration.policy import policy_choice
from twinhop.migration.run import MigrationRun
from twinhop.migration.run_problem import run_problem
from twinhop.migration.simulate import outcomes
from twinhop.scenario import Scenario, load_scenario
from twinhop.stats import mean_interval

FIRST_SEED = 2000
TAXIS = {"San Francisco, 660 to 779": 660, "San Francisco, 820 to 939": 820}
BARRIER_MINUTE, LEARNED_UNTIL = 540, 660
CITIES = {
    "hot spots": "bench-move-n100-m12-commute",
    "come and go": "bench-move-n100-m10-churn",
    "failures": "bench-move-n80-m10-failures",
    "streets": "bench-move-n40-m8-manhattan",
}
LEARNED = ("foresight",)
OTHERS = (
    "stay",
    "follow_nearest",
    "hysteresis",
    "myopic",
    "replan",
    "expected",
    "lookahead:horizon=60:predict=oracle:method=paths",
)
TAXI_SETTINGS = {"hysteresis": "hysteresis:margin_ms=100:slots=1", "replan": "replan:every=60"}
ORACLE = OTHERS[-1]
MEANS = ("moves", "fallbacks", "decision_ms", "decision_ms_p95", "cpu_ms_a_slot")
WAVED, WAVE_SLOTS = "load wave", 30


def changed(name, preset, **sections):
    """A preset with some fields of sections changed."""
    fields = load_scenario(preset).model_dump(mode="json", exclude_unset=True)
    for section, values in sections.items():
        fields[section] = {**fields.get(section, {}), **values}
    return Scenario.model_validate({**fields, "name": name})


def worlds(data, folder, wanted=()):
    """Names, and scenarios or why there is none."""
    for name, first in TAXIS.items():
        if not (data / "sf_cab_cells").is_dir():
            yield name, f"{data} has no sf_cab_cells"
            continue
        yield name, taxis(data, first, folder)
    yield "SUMO", sumo(folder) if not wanted or "SUMO" in wanted else "not asked for"
    for name, preset in CITIES.items():
        yield name, load_scenario(preset)
    churn = CITIES["come and go"]
    yield "dear moves", changed("dear", churn, migration={"move_s": 0.1}, users={"history_mbit": {"uniform": [4, 20]}})
    yield (
        "cheap moves",
        changed("cheap", churn, migration={"move_s": 0.001}, users={"history_mbit": {"uniform": [0.1, 0.3]}}),
    )
    yield WAVED, load_scenario(CITIES["hot spots"])


class Waved:
    """Positions whose users' work rises to twice and falls to nothing much, each a little later than the one before."""

    def __init__(self, positions):
        self._positions = positions
        self.user_ids, self.slot_s, self.slots = positions.user_ids, positions.slot_s, positions.slots

    def __iter__(self):
        return iter(self._positions)

    def loads(self):
        """(N,) factors of each slot."""
        late = np.linspace(0.0, 1.0, len(self.user_ids))
        for slot in itertools.count():
            yield 1.1 + 0.9 * np.sin(2 * np.pi * (slot / WAVE_SLOTS + late))


def run_of(name, scenario, seed):
    """The run of a world."""
    run = MigrationRun(scenario.with_seed(FIRST_SEED + seed))
    return (
        MigrationRun(run.scenario, positions=Waved(run.world_run.positions), slots=run.slots) if name == WAVED else run
    )


def sumo(folder):
    """A grid city whose cars SUMO drives, stations on a hexagonal layout."""
    if importlib.util.find_spec("libsumo") is None or importlib.util.find_spec("sumo") is None:
        return "eclipse-sumo and libsumo are not installed"
    trace = Path(folder) / "traffic.parquet"
    command = [sys.executable, "-m", "twinhop", "import", "sumo", "--generate", "grid", "--vehicles", "100"]
    done = subprocess.run(
        [*command, "--seconds", "1200", "--seed", "1", "--out", str(trace)], capture_output=True, text=True
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1]
    scenario = {
        "schema_version": 1,
        "name": "sumo-grid",
        "radio": {"bandwidth_mhz": 20, "bandwidth_rule": "full"},
        "backhaul": {"latency_s_per_bit_m": 5.0e-11},
        "stations": {
            "generate": {"count": 12, "layout": "hexagonal"},
            "cpu_gcycles_per_s": {"uniform": [8, 24]},
            "capacity_users": "all",
        },
        "users": {"generate": {"count": 100}, "history_mbit": {"uniform": [0.5, 3]}},
        "objective": {"deadlines": False, "kappa_s_per_j": 0.1},
        "movement": {"slot_s": 10, "slots": 90, "trace": {"file": "traffic.parquet", "start_s": 240}},
        "migration": {"opening_s": 0.003, "move_s": 0.01},
    }
    path = Path(folder) / "sumo.yaml"
    path.write_text(yaml.safe_dump(scenario, sort_keys=False))
    return load_scenario(path)


def run_of_policy(run, policy):
    """Mean cost of a slot, moves, fallbacks, and how long decisions take: median and 95th percentile [ms]."""
    costs, moves, fallbacks, decision_s, cpu = [], 0, 0, [], time.process_time()
    for outcome in outcomes(run, policy_choice(policy)):
        costs.append(outcome.cost.total)
        moves += int(outcome.moved.sum())
        fallbacks += outcome.fallbacks
        decision_s.append(outcome.decision_s)
    ms = 1e3 * np.array(decision_s)
    return {
        "cost": math.fsum(costs) / len(costs),
        "moves": moves,
        "fallbacks": fallbacks,
        "decision_ms": float(np.median(ms)),
        "decision_ms_p95": float(np.percentile(ms, 95)),
        "cpu_ms_a_slot": 1e3 * (time.process_time() - cpu) / len(costs),
    }


def judge(name, scenario, seeds, policies, known, write):
    """What policies cost in one world; what is known already is left out."""
    for seed in range(seeds):
        run = None
        bound = known.get((name, seed, None), {}).get("bound")
        for policy in (None, *policies):
            if (name, seed, policy) in known:
                continue
            run = run or run_of(name, scenario, seed)
            where = {"world": name, "seed": seed}
            if policy is None:
                began, bound = time.process_time(), offline_bound(run_problem(run))
                size = {"users": len(run.user_ids), "hosts": len(run.host_ids), "slots": run.slots}
                write({"figure": "bound", **where, **size, "bound": bound, "cpu_s": time.process_time() - began})
            else:
                row = run_of_policy(run, policy)
                write({"figure": "run", **where, "policy": policy, "over": row["cost"] / bound, **row})


def known_of(lines):
    """Lines by world, seed and policy."""
    return {
        (row["world"], row["seed"], row.get("policy")): row for row in lines if row.get("figure") in ("run", "bound")
    }


def summary(lines):
    """Means with intervals, beside `expected`, and regret by its parts; one row a world and policy."""
    known = known_of(lines)
    for name in dict.fromkeys(key[0] for key in known):
        policies = list(dict.fromkeys(key[2] for key in known if key[0] == name and key[2]))
        learned = [each for each in policies if each.startswith("foresight")]
        series = {
            each: {key[1]: known[key]["over"] for key in known if key[0] == name and key[2] == each}
            for each in policies
        }
        if "expected" not in series:
            continue
        most = max((len(series[each]) for each in learned), default=0)
        full = [each for each in learned if len(series[each]) == most]
        if len(full) > 1:
            series["learned, all seeds"] = {
                seed: statistics.mean(series[each][seed] for each in full) for seed in series[full[0]]
            }
        for policy, over in series.items():
            seeds = sorted(over.keys() & series["expected"].keys())
            values = [over[seed] for seed in seeds]
            beside = [over[seed] - series["expected"][seed] for seed in seeds]
            rows = [known[name, seed, policy] for seed in seeds if (name, seed, policy) in known]
            rows = rows or [known[name, seed, each] for seed in seeds for each in full]
            means = {key: statistics.mean(row[key] for row in rows) for key in MEANS}
            yield (
                {"figure": "over bound", "world": name, "policy": policy, "seeds": len(values)}
                | {"mean": statistics.mean(values), "interval": mean_interval(values)}
                | {"beside_expected": statistics.mean(beside), "beside_interval": mean_interval(beside), **means}
            )
        if ORACLE in series:
            planning = statistics.mean(series[ORACLE].values()) - 1.0
            for policy in ("expected", *([*series][-1:] if learned else [])):
                regret = statistics.mean(series[policy].values()) - 1.0
                row = {"figure": "regret", "world": name, "policy": policy, "above_bound": regret}
                yield row | {"not_knowing": regret - planning, "planning_and_bound": planning}


@jit(fastmath=True)
def best_of_user(chain, cost, move, slots, begin, visits, choice):
    """The least expected cost of a user (a number), and its expected visits of hosts (K,) by the policy that has it."""
    stations, hosts = cost.shape
    best, after = np.empty((stations, hosts)), np.zeros((stations, hosts))
    for t in range(slots - 1, 0, -1):
        for b in range(stations):
            for k in range(hosts):
                least, at = np.inf, 0
                for q in range(hosts):
                    value = move[k, q] + cost[b, q] + after[b, q]
                    if value < least:
                        least, at = value, q
                best[b, k] = least
                choice[t, b, k] = at
        after = chain @ best
    first = cost[begin] + after[begin]
    at = int(np.argmin(first))
    least = first[at]
    visits[:] = 0.0
    share = np.zeros((stations, hosts))
    share[begin, at] = 1.0
    visits[at] += 1.0
    for t in range(1, slots):
        there = chain.T @ share
        share[:] = 0.0
        for b in range(stations):
            for k in range(hosts):
                share[b, choice[t, b, k]] += there[b, k]
        for k in range(hosts):
            visits[k] += share[:, k].sum()
    return least


def causal_bound(run, situation, chain, slots, iterations=60):
    """No policy that knows the chain and the past alone costs less in the mean, users going by the chain.

    With prices p (K,), w (N, K) that do not depend on what happens, every run costs at least (see the page on the
    offline bound) ``sum_i path_i + T sum_k min(0, o_k - p_k^2 - sum_i w_ik)``, and whatever a policy knows of the past,
    the expectation of ``path_i`` is at least that of the best policy of user i alone: a Markov decision process.
    """
    hosts, users = run.hosts, run.users
    unit, way = hosts.updates.unit_s[0], hosts.moves.unit_s[0]
    opening, root = hosts.beta * hosts.opening_s / situation.weight, np.sqrt(situation.cpu)
    n, count = len(users.ids), len(opening)
    price, own = np.sqrt(opening), np.zeros((n, count))
    visits, choice = np.zeros((n, count)), np.empty((slots, len(chain), count), np.int16)
    scale, best, pace = float(opening.max() / 0.3 * 186 / n), -np.inf, 4.0
    for done in range(iterations):
        value = 0.0
        for i in range(n):
            cost = hosts.updates.scale[i] * unit + users.root_work[i] * 2 * price / root + own[i]
            move = hosts.move_s + hosts.moves.scale[i] * way
            np.fill_diagonal(move, 0.0)
            value += best_of_user(chain, cost, move, slots, situation.access[i], visits[i], choice)
        rest = opening - price**2 - own.sum(axis=0)
        best = max(best, value / slots + np.minimum(rest, 0.0).sum())
        step, share = scale * 0.02 * 0.015 ** (done / iterations), visits / slots
        own += step * share
        wished = price + step * pace * 2 * (users.root_work @ share) / root
        for k in range(count):
            low, high = 0.0, step
            for _ in range(50):
                mid = (low + high) / 2
                spent = np.maximum(own[:, k] - mid, 0).sum() + (wished[k] / (1 + 2 * mid * pace)) ** 2
                low, high = (low, mid) if spent <= opening[k] else (mid, high)
            free = own[:, k].sum() + wished[k] ** 2 <= opening[k]
            cut = 0.0 if free else high
            own[:, k] = np.maximum(own[:, k] - cut, 0)
            price[k] = wished[k] / (1 + 2 * cut * pace)
    return situation.weight * (best + float(situation.upload_s.sum()))


def barrier(data, folder, samples, write):
    """The bound of policies that do not know the future, over the one of those that do, in a Markov world."""
    scenario = taxis(data, BARRIER_MINUTE, folder)
    run = MigrationRun(scenario.with_seed(100))
    situation = next(iter(run))
    access = np.concatenate([run.past_access(), [each.slot.access for each in run]])
    stations = run.hosts.stations
    known = (access[:-1] >= 0) & (access[1:] >= 0)
    steps = np.bincount(access[:-1][known] * stations + access[1:][known], minlength=stations**2)
    chain = steps.reshape(stations, stations) + 1e-9 * np.eye(stations)
    chain /= chain.sum(axis=1, keepdims=True)
    causal = causal_bound(run, situation, chain, run.slots)
    problem, total = run_problem(run), np.cumsum(chain, axis=1)
    ratios = []
    for sample in range(samples):
        rng = np.random.default_rng(sample)
        path = np.empty((run.slots, len(run.user_ids)), np.int64)
        path[0] = situation.access
        for t in range(1, run.slots):
            drawn = (rng.random(path.shape[1])[:, None] > total[path[t - 1]]).sum(axis=1)
            path[t] = np.minimum(drawn, stations - 1)
        wires = run.hosts.updates
        comm_s = situation.upload_s[:, None, None] + wires.scale[:, None, None] * wires.unit_s[0][path.T]
        moved = dataclasses.replace(problem, comm_s=comm_s.reshape(problem.comm_s.shape))
        ratios.append(offline_bound(moved))
        write({"figure": "barrier sample", "sample": sample, "offline_bound": ratios[-1], "causal_bound": causal})
    mean = statistics.mean(ratios)
    write({"figure": "barrier", "causal_bound": causal, "offline_bounds": mean, "causal_over_offline": causal / mean})


def read(folder):
    """The lines of a folder."""
    return [json.loads(each) for path in sorted(folder.glob("*.jsonl")) for each in path.read_text().splitlines()]


#: Costs over the bound up to this are drawn.
LARGEST_DRAWN = 1.4


def draw(folder):
    """A panel a world: every policy with its interval."""
    from twinhop.output.kit.colours import HUES, INK, MUTED
    from twinhop.output.kit.figures import frame, heading, line, sheet
    from twinhop.output.kit.style import save_figure

    over = [row for row in summary(read(folder)) if row["figure"] == "over bound"]
    names = list(dict.fromkeys(row["world"] for row in over))
    shown = ["follow_nearest", "hysteresis", "replan", "stay", "myopic", "expected", "foresight", "lookahead"]
    across = -(-len(names) // 3)
    with sheet(10.5, 1.2 + 2.3 * across, 130, head_in=0.7) as figure:
        heading(figure, 0.25, 0.34, "What policies cost over the certified bound", 14)
        line(
            figure,
            0.25,
            0.58,
            "Means and 95 % intervals over seeds; foresight has a dot a training seed. What is beyond 1.4 is written.",
            9,
            color=MUTED,
        )
        height = figure.get_size_inches()[1]
        grid = figure.add_gridspec(
            across, 3, hspace=0.45, wspace=0.12, left=0.14, right=0.97, top=1 - 0.95 / height, bottom=0.4 / height
        )
        for at, name in enumerate(names):
            axes = figure.add_subplot(grid[at // 3, at % 3])
            own = [row for row in over if row["world"] == name]
            for y, policy in enumerate(shown):
                every = [
                    row
                    for row in own
                    if row["policy"].split(":")[0] == policy
                    or (policy == "foresight" and row["policy"] == "learned, all seeds")
                ]
                for row in every:
                    is_learned = policy == "foresight"
                    colour = HUES[1] if is_learned else HUES[0] if policy == "expected" else INK
                    if row["mean"] > LARGEST_DRAWN:
                        axes.text(LARGEST_DRAWN, y, f"{row['mean']:.2f} ", fontsize=7, ha="right", va="center")
                        continue
                    axes.plot(row["mean"], y, "o", color=colour, markersize=4)
                    if row["interval"]:
                        axes.plot(np.minimum(row["interval"], LARGEST_DRAWN), [y, y], "-", color=colour, linewidth=1.5)
            axes.set_yticks(
                range(len(shown)),
                [each if each != "lookahead" else "knows the next hour" for each in shown] if at % 3 == 0 else [],
                fontsize=7,
            )
            axes.set_xlim(1.0, LARGEST_DRAWN)
            axes.set_xticks([1.0, 1.1, 1.2, 1.3, LARGEST_DRAWN])
            axes.set_ylim(len(shown) - 0.5, -0.5)
            frame(axes)
            axes.set_title(name, fontsize=9, loc="left")
    save_figure(figure, folder.parent / "images", "learned-migration")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TWINHOP_DATA", "../shared/data")))
    parser.add_argument("--only", default="", help="names of worlds, after commas or semicolons")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--learned", default="", help="runs of training, after commas; none: the weights of the package"
    )
    parser.add_argument("--barrier", action="store_true")
    parser.add_argument("--policies", default="all", choices=("all", "others", "learned"))
    parser.add_argument("--summary", action="store_true", help="of the lines of --out")
    parser.add_argument("--draw", action="store_true", help="a figure of the lines of --out")
    parser.add_argument(
        "--out", type=Path, default=Path("docs/learned-migration"), help="folder of the lines; known ones stay"
    )
    parser.add_argument("--part", default="sequential", help="file of it that gets the new lines")
    given = parser.parse_args()
    learned = [f"foresight:{each}" for each in given.learned.split(",") if each] or list(LEARNED)

    def write(row):
        text = json.dumps(row)
        print(text, flush=True)
        given.out.mkdir(parents=True, exist_ok=True)
        with (given.out / f"{given.part}.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(text + "\n")

    if given.draw:
        draw(given.out)
        return
    if given.summary:
        for row in summary(read(given.out)):
            print(json.dumps(row))
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.barrier:
            if (given.data / "sf_cab_cells").is_dir():
                barrier(given.data, folder, 3, write)
            else:
                write({"skipped": "barrier", "because": f"{given.data} has no sf_cab_cells"})
            return
        wanted = [each.strip() for each in given.only.split(";") if each.strip()]
        for name, scenario in worlds(given.data, folder, wanted):
            if wanted and name not in wanted:
                continue
            if isinstance(scenario, str):
                write({"skipped": name, "because": scenario})
            else:
                others = [TAXI_SETTINGS.get(each, each) if name in TAXIS else each for each in OTHERS]
                policies = {"all": [*others, *learned], "others": others, "learned": learned}[given.policies]
                judge(name, scenario, given.seeds, policies, known_of(read(given.out)), write)


if __name__ == "__main__":
    main()
