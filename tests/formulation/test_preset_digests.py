"""Every preset gives, bit for bit, the problem that it gave when its digest was written down."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from twinhop.formulation import formulate
from twinhop.scenario import build_world, load_scenario, preset_names

FIELDS = (
    *("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta", "energy_j", "update_comm_s"),
    *("update_work", "deadline_s", "distance_m", "cpu_rule", "station_ids", "user_ids"),
)
FAMILY = ("family(100, 10)", "family(60, 5, capacity=15)", "family(50, 10, deadlines=on)")
SEEDS = (0, 7)
DIGESTS = json.loads(Path(__file__).with_name("preset_digests.json").read_text())


def digest(values):
    found = hashlib.sha256()
    for value in values:
        found.update(np.ascontiguousarray(value).tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return found.hexdigest()[:16]


def mathematics():
    """What this processor's log10, power and log1p return: they may differ in the last bit from another's."""
    grid = np.linspace(0.01, 20, 4001)
    return digest([np.log10(grid), 10 ** (-grid), np.log1p(grid)])


def problem_digest(name, seed):
    problem = formulate(build_world(load_scenario(name, seed=seed)))
    return digest([getattr(problem, field) for field in FIELDS])


def test_every_preset_has_a_digest():
    assert set(DIGESTS["problems"]) == {f"{name} {seed}" for name in (*preset_names(), *FAMILY) for seed in SEEDS}


@pytest.mark.parametrize("key", sorted(DIGESTS["problems"]))
def test_preset_gives_the_same_bits(key):
    if mathematics() != DIGESTS["mathematics"]:
        pytest.skip("the digests were taken on a processor whose logarithms end in other bits")
    name, _, seed = key.rpartition(" ")
    assert problem_digest(name, int(seed)) == DIGESTS["problems"][key]
