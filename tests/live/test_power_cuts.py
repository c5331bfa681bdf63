"""What was acknowledged is there after the power was cut at any operation, and is not where the log is not synced."""

import random
from itertools import count

import pytest
from live_makers import QUICK, SPEC, Simulation, create, sent
from power_cut import Disk, PowerCut

from twinhop.errors import InputError
from twinhop.live.sqlite import open_folder
from twinhop.live.sqlite.database import PRAGMAS

#: SQLite closes its files without power too, and what fails there has nobody to be raised to.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NAMES = count()
TWINS = ("a", "b", "c")


def written_until_the_power_goes(folder, operations, seed, pragmas):
    """The number of the newest update of each twin that was acknowledged."""
    disk = Disk(f"cut-{next(NAMES)}", operations)
    acknowledged, rng = dict.fromkeys(TWINS, 0), random.Random(seed)
    opened = None
    try:
        opened = open_folder(folder, vfs=disk.name, pragmas=pragmas)
        here = Simulation(opened.__enter__().engine, QUICK)
        here.send(*(create(twin, SPEC) for twin in TWINS))
        acknowledged |= dict.fromkeys(TWINS, -1)
        sequences = dict.fromkeys(TWINS, 0)
        while True:
            batch = []
            for twin in rng.choices(TWINS, k=rng.randint(1, 20)):
                sequences[twin] += 1
                batch.append(sent(twin, sequences[twin]))
            here.send(*batch)
            acknowledged |= sequences
            if rng.random() < 0.2:
                here.flush()
    except (PowerCut, InputError) as error:
        assert disk.is_out, error
    finally:
        try:
            if opened is not None:
                opened.__exit__(None, None, None)
        except (PowerCut, InputError, AttributeError):
            pass
    disk.after(seed)
    return acknowledged


def lost(folder, operations, seed, pragmas=PRAGMAS):
    """Acknowledged entries that are not there afterwards, and how many were acknowledged; a twin is one, too."""
    acknowledged = written_until_the_power_goes(folder, operations, seed, pragmas)
    total = sum(max(each, 0) + (each != 0) for each in acknowledged.values())
    try:
        with open_folder(folder) as opened:
            here = Simulation(opened.engine, QUICK)
            folds = {twin: here.fold(twin) for twin in TWINS}
            missing = 0
            for twin, expected in acknowledged.items():
                fold = folds[twin]
                if fold is None:
                    missing += max(expected, 0) + (expected != 0)
                    continue
                assert fold.twin.missing == 0 and not fold.held
                missing += max(expected - fold.twin.seq, 0)
            return missing, total
    except InputError:
        return total, total


def cuts(tmp_path, number, pragmas=PRAGMAS):
    """Lost and acknowledged updates over so many power cuts, at operations spread over the run."""
    rng = random.Random(1)
    results = [lost(tmp_path / str(seed), rng.randint(20, 900), seed, pragmas) for seed in range(number)]
    return sum(each for each, _ in results), sum(each for _, each in results)


@pytest.mark.parametrize("number", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_nothing_acknowledged_is_lost(number, tmp_path):
    missing, total = cuts(tmp_path, number)
    print(f"{number} cuts: {missing} of {total} lost")
    assert total > 100 * number
    assert missing == 0


@pytest.mark.parametrize("number", [6, pytest.param(40, marks=pytest.mark.slow)])
def test_without_syncing_every_commit_much_is_lost(number, tmp_path):
    """The test above can fail: the same with `synchronous=NORMAL`."""
    missing, total = cuts(tmp_path, number, {**PRAGMAS, "synchronous": 1})
    print(f"{number} cuts: {missing} of {total} lost")
    assert 0 < missing <= total
