"""The seven ordinal claims of the paper's section VI, each put to a sign test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from twinhop.placement.problem import FloatArray
from twinhop.stats.sign_test import SignTest, Verdict, joint_verdict, sign_test
from twinhop.studies.lu2021.results import Results
from twinhop.studies.lu2021.setting import Setting
from twinhop.studies.lu2021.terms import SYSTEM, TIME, Reading

#: The association policies that the paper compares with; its random one opens servers at random too.
OTHERS = ("nearest", "random")
#: The clock by which training is timed: that of the process, which other work on the machine does not stretch.
CLOCK = "cpu_s"


@dataclass(frozen=True)
class Claim:
    """What the paper says.

    Attributes:
        figure: where.
        words: what, short.
        parts: names of what has to hold, each a test of its own.
    """

    figure: str
    words: str
    parts: tuple[str, ...]


CLAIMS = (
    Claim("Fig. 7", "training lowers the cumulative cost and converges", ("after training below before",)),
    Claim("Fig. 7", "the cumulative cost rises with the number of users", ("more users cost more",)),
    Claim("Fig. 7", "the cumulative cost rises with the number of stations", ("more stations cost more",)),
    Claim("Fig. 7, 8", "the number of users matters more than that of stations", ("effect of N above effect of M",)),
    Claim("Fig. 8", "fewer stations, higher cost", ("fewer stations cost more",)),
    Claim("Fig. 9", "less time cost than nearest and random association", tuple(f"below {name}" for name in OTHERS)),
    Claim(
        "Fig. 10",
        "training takes longer with more stations than with more users; least at the fewest of both, most at the most",
        ("effect of M above effect of N", "least at the fewest of both", "most at the most of both"),
    ),
)


@dataclass(frozen=True)
class Finding:
    """What became of a claim.

    Attributes:
        claim: which.
        tests: one a part.
        differences: (pairs,) each, by which the claim holds, in the part's unit.
    """

    claim: Claim
    tests: tuple[SignTest, ...]
    differences: tuple[FloatArray, ...]

    @property
    def verdict(self) -> Verdict:
        """Of the whole claim."""
        return joint_verdict(self.tests)


#: Values by setting and seed.
Values = Callable[[Setting], dict[int, float]]


def findings(results: Results, algorithm: str, reading: Reading = SYSTEM) -> list[Finding]:
    """Put all claims to the test.

    Args:
        results: of a folder.
        algorithm: whose runs count.
        reading: of the cost in claims 1 to 5; Fig. 9 has its own, the time cost.

    Returns:
        One finding a claim, in the order of `CLAIMS`; pairs are of the same seed.
    """
    tested = (
        (_training(results, algorithm, reading),),
        (_along(results, algorithm, _converged(results, algorithm, reading), users=True),),
        (_along(results, algorithm, _converged(results, algorithm, reading), users=False),),
        (_effects(results, algorithm, _converged(results, algorithm, reading)),),
        (-_along(results, algorithm, _in_the_end(results, algorithm, reading), users=False),),
        tuple(_against(results, algorithm, other) for other in OTHERS),
        _times(results, algorithm),
    )
    return [
        Finding(claim, tuple(sign_test(part.tolist()) for part in parts), parts)
        for claim, parts in zip(CLAIMS, tested, strict=True)
    ]


def _training(results: Results, algorithm: str, reading: Reading) -> FloatArray:
    """By how much cost falls from before training to its last tenth."""
    fallen = [
        results.curve(algorithm, setting, reading)[:, 0] - results.converged(algorithm, setting, reading)
        for setting in results.settings(algorithm)
    ]
    return np.concatenate(fallen) if fallen else np.zeros(0)


def _converged(results: Results, algorithm: str, reading: Reading) -> Values:
    """What the cumulative cost has come to in Fig. 7."""
    return lambda setting: by_seed(results, algorithm, setting, reading)


def _in_the_end(results: Results, algorithm: str, reading: Reading) -> Values:
    """The mean cost of a slot in Fig. 8."""

    def values(setting: Setting) -> dict[int, float]:
        slots = results.slots(algorithm, setting, reading)
        assert slots is not None
        return _by_seed(results, algorithm, setting, slots.mean(axis=1))

    return values


def by_seed(results: Results, algorithm: str, setting: Setting, reading: Reading) -> dict[int, float]:
    """What the cumulative cost of each seed has come to [s]."""
    return _by_seed(results, algorithm, setting, results.converged(algorithm, setting, reading))


def _by_seed(results: Results, algorithm: str, setting: Setting, values: FloatArray) -> dict[int, float]:
    return dict(zip(results.seeds(algorithm, setting), values.tolist(), strict=True))


def _steps(settings: list[Setting], *, users: bool) -> Iterator[tuple[Setting, Setting]]:
    """Neighbouring settings of which the second has more users, or more stations, and is otherwise alike."""
    for low in settings:
        alike = [at for at in settings if (at[1] == low[1] if users else at[0] == low[0])]
        above = [at for at in alike if (at[0] > low[0] if users else at[1] > low[1])]
        if above:
            yield low, min(above)


def _along(results: Results, algorithm: str, values: Values, *, users: bool) -> FloatArray:
    """By how much a value rises with users, or with stations, in all settings and seeds."""
    differences = []
    for low, high in _steps(results.settings(algorithm), users=users):
        before, after = values(low), values(high)
        differences += [after[seed] - before[seed] for seed in sorted(before.keys() & after.keys())]
    return np.array(differences, float)


def squares(settings: list[Setting]) -> Iterator[tuple[Setting, Setting, Setting, Setting]]:
    """Settings at the corners of a square: (few, few), (many users, few stations), (few, many), (many, many)."""
    for low, wide in _steps(settings, users=True):
        for same, tall in _steps(settings, users=False):
            corner = Setting(wide.users, tall.stations)
            if same == low and corner in settings:
                yield low, wide, tall, corner


def _effects(results: Results, algorithm: str, values: Values) -> FloatArray:
    """By how much the effect of users, up or down, is above that of stations; from both ends of every square."""
    differences = []
    for corners in squares(results.settings(algorithm)):
        few, wide, tall, many = map(values, corners)
        for seed in sorted(few.keys() & wide.keys() & tall.keys() & many.keys()):
            differences.append(abs(wide[seed] - few[seed]) - abs(tall[seed] - few[seed]))
            differences.append(abs(many[seed] - tall[seed]) - abs(many[seed] - wide[seed]))
    return np.array(differences, float)


def _against(results: Results, algorithm: str, other: str) -> FloatArray:
    """By how much the time cost is below that of another policy on the same slots."""
    differences = []
    for setting in results.settings(algorithm):
        own, others = (_policy_means(results, policy, setting) for policy in (algorithm, other))
        differences += [others[seed] - own[seed] for seed in sorted(own.keys() & others.keys())]
    return np.array(differences, float)


def _policy_means(results: Results, policy: str, setting: Setting) -> dict[int, float]:
    slots = results.slots(policy, setting, TIME)
    if slots is None:
        return {}
    return dict(zip(results.seeds_of_policy(policy, setting), slots.mean(axis=1).tolist(), strict=True))


def _times(results: Results, algorithm: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of training times: effect of M above that of N, the least at the fewest of both, the most at the most."""

    def values(setting: Setting) -> dict[int, float]:
        return _by_seed(results, algorithm, setting, results.seconds(algorithm, setting, CLOCK)[:, -1])

    least: list[float] = []
    most: list[float] = []
    for corners in squares(results.settings(algorithm)):
        few, wide, tall, many = map(values, corners)
        for seed in sorted(few.keys() & wide.keys() & tall.keys() & many.keys()):
            least += [each[seed] - few[seed] for each in (wide, tall, many)]
            most += [many[seed] - each[seed] for each in (few, wide, tall)]
    return -_effects(results, algorithm, values), np.array(least, float), np.array(most, float)
