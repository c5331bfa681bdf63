"""The primal-dual network as a placement policy: one forward pass gives prices, and they the decision and its bound.

Prices say which stations pay and which of them each user would take; that is decoded, improved by moves, and certified
by the same prices in float64, however wrong the network may be. Branches on the number of opened stations, each with a
few price steps of its own, close most of what is left between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from twinhop.compile_time import loading
from twinhop.errors import InputError
from twinhop.inference.checkpoint import open_checkpoint, read_arrays
from twinhop.inference.price_forward import BlockWeights, forward
from twinhop.inference.price_input import priced_arrays
from twinhop.inference.price_sizes import PRICE_FEATURES_VERSION
from twinhop.inference.price_weights import blocks_of
from twinhop.placement.branching import CLOSED
from twinhop.placement.budget import Budget
from twinhop.placement.certificate import Prices
from twinhop.placement.decision import Decision, Ending
from twinhop.placement.policy import Setting, step_count
from twinhop.placement.price_ascent import PriceAscent
from twinhop.placement.prices import by_station
from twinhop.placement.problem import BoolArray, FloatArray, PlacementProblem
from twinhop.placement.search import Search

SHIPPED = "primal_dual"
#: The field of a manifest that says which features the weights see.
FEATURES = "price_features"
#: How many more or fewer stations than those that pay are tried, in this order; and stations opened or closed on trial.
NUMBERS, TRIALS = (0, -1, 1, -2, 2), 10
#: Price steps at most, in rows of so many, until the gap is this; and steps on each number of stations.
STEPS, ROW, ENOUGH, BRANCH = 75, 25, 2e-3, 12
#: With more links than this, moves and branches cost more than the forward pass: they come only where they must.
LINKS = 20_000
#: All pairs of users are exchanged up to so many of them.
SWAP_USERS = 1000


@dataclass(frozen=True)
class PrimalDualPlacement:
    """Follows learned prices, and certifies what they decide.

    Attributes:
        path: of a checkpoint or of a run; `primal_dual`: the weights of this package.
        steps: price steps after the forward pass, at most: none where its prices prove a gap of 0.2 %.
        branch: price steps on each number of opened stations that may hold a better plan; 0: no branches.
    """

    path: str = SHIPPED
    steps: int = STEPS
    branch: int = BRANCH
    settings: ClassVar = {
        "path": Setting(SHIPPED, "checkpoint or run; also given as primal_dual:PATH"),
        "steps": Setting(STEPS, "price steps after the forward pass, at most"),
        "branch": Setting(BRANCH, "price steps on each number of opened servers; 0: no branches"),
    }

    def __call__(self, problem: PlacementProblem, rng: np.random.Generator, budget: Budget) -> Decision:
        """Decide; nothing is drawn, and no time limit is looked at, as decisions are a matter of milliseconds.

        Raises:
            InfeasibleProblem: proved: no plan keeps the limits.
        """
        search = Search(problem, budget)
        ascent = PriceAscent(search, prices=learned_prices(network_of(self.path), search))
        ascent.steps(1)
        is_large = problem.comm_s.size > LINKS
        decode(search, ascent)
        if not is_large:
            improve(search, ascent)
        for done in range(0, self.steps, ROW):
            if ascent.closed(ENOUGH):
                break
            before = search.cost
            ascent.steps(min(ROW, self.steps - done))
            decode(search, ascent)
            if not is_large and search.cost < before:
                improve(search, ascent)
        is_enough = is_large and ascent.closed(ENOUGH)
        if is_large and not is_enough:
            improve(search, ascent)
        certificate = ascent.by_number(self.branch) if self.branch and not is_enough else ascent.certificate()
        is_proved = search.unscaled(search.cost) * (1 - CLOSED) <= certificate.lower_bound
        return Decision(search.placement(), certificate, Ending.PROVEN if is_proved else None)

    def configured(self, settings: str) -> PrimalDualPlacement:
        """The policy with settings, ``PATH``, ``steps=...`` and ``branch=...``, joined by colons.

        Raises:
            InputError: a setting is unknown or out of range, or there is no such checkpoint.
        """
        changed = self
        for each in settings.split(":"):
            changed = changed._with(each)
        network_of(changed.path)
        return changed

    def _with(self, setting: str) -> PrimalDualPlacement:
        key, sign, value = setting.partition("=")
        if not sign:
            return replace(self, path=setting)
        if key == "path":
            return replace(self, path=value)
        if key in ("steps", "branch"):
            return replace(self, **{key: step_count("primal_dual", key, value)})
        raise InputError(f"policy: primal_dual has no setting '{key}'; accepted: PATH, steps, branch")


def network_of(path: str) -> BlockWeights:
    """The weights of a checkpoint, ready for `learned_prices`.

    Args:
        path: of a checkpoint or of a run; `primal_dual`: the weights of this package.

    Raises:
        InputError: there is none, it is of another algorithm, or its weights see other features.
    """
    return _shipped_network() if path == SHIPPED else _network_at(path)


@cache
def _shipped_network() -> BlockWeights:
    with loading():
        return _network_at(SHIPPED)


def _network_at(path: str) -> BlockWeights:
    checkpoint = open_checkpoint(path)
    if checkpoint.algorithm != SHIPPED:
        raise InputError(
            f"{path}: was trained by the {checkpoint.algorithm} algorithm, whose weights give no prices; expected a "
            "checkpoint of `algorithm: primal_dual`"
        )
    version = checkpoint.record.get(FEATURES)
    if version != PRICE_FEATURES_VERSION:
        raise InputError(
            f"{path}: its weights see version {version!r} of the features of prices, this twinhop shows version "
            f"{PRICE_FEATURES_VERSION}; train them anew"
        )
    return _blocks(path if path == SHIPPED else str(Path(path).resolve()), checkpoint.digest)


@cache
def _blocks(path: str, digest: str) -> BlockWeights:
    file = open_checkpoint(path).policy_file
    return blocks_of(read_arrays(file), str(file))


def learned_prices(
    network: BlockWeights, search: Search, known: FloatArray | None = None
) -> tuple[FloatArray, FloatArray]:
    """Users' prices by one forward pass, and congestion prices to look for theirs from.

    Args:
        network: the weights.
        search: of the problem; only its instance is looked at.
        known: (N,) prices to begin with, such as those of the slot before [s]; nan where there is none; None: nowhere.

    Returns:
        (N,) [s] and (M,), noughts: the stations' own prices follow from the users'.
    """
    instance = search.instance
    arrays, (least, unit) = priced_arrays(instance, by_station(instance), search.problem.least_open)
    price = forward(network, arrays, None if known is None or not unit else (known - least) / unit)
    return least + unit * price.astype(np.float64), np.zeros(arrays.cpu.size)


def prices_of(problem: PlacementProblem, known: FloatArray | None = None, path: str = SHIPPED) -> Prices:
    """Prices by one forward pass, as `twinhop.placement.certify` and planners that go on from prices take them.

    Args:
        problem: any problem.
        known: (N,) users' prices to begin with, such as those of the slot before [s]; nan where there is none.
        path: of a checkpoint or of a run; `primal_dual`: the weights of this package.

    Raises:
        InputError: there are no such weights, or as many prices as users.
    """
    if known is not None and np.shape(known) != (problem.users,):
        raise InputError(f"known: shape {np.shape(known)} does not fit; expected ({problem.users},), one price a user")
    search = Search(problem, Budget())
    ascent = PriceAscent(search, prices=learned_prices(network_of(path), search, known))
    ascent.steps(1)
    return ascent.prices


def decoded_hosts(network: BlockWeights, problem: PlacementProblem) -> NDArray[np.int64]:
    """(N,) hosts by one forward pass and decoding, before moves better them.

    Raises:
        InfeasibleProblem: proved: no plan keeps the limits.
    """
    search = Search(problem, Budget())
    ascent = PriceAscent(search, prices=learned_prices(network, search))
    ascent.steps(1)
    decode(search, ascent)
    return search.host


def decode(search: Search, ascent: PriceAscent) -> None:
    """Make plans of prices: the stations that pay, some more or fewer, every user where it costs least by the prices.

    Args:
        search: without a plan.
        ascent: at the prices, which it has looked at once.

    Raises:
        InfeasibleProblem: proved: no plan keeps the limits.
    """
    asked, lower = ascent.asked(search.instance), ascent.bounds_by_number()
    for opened in candidates(search.problem, ascent.reduced):
        if search.problem.comm_s.size > LINKS and ascent.closed(ENOUGH):
            break
        if lower.size and lower[opened.sum() - 1] < search.cost:
            search.try_association(_cheapest(asked, opened))
    if not search.feasible:
        search.start()


def candidates(problem: PlacementProblem, reduced: FloatArray) -> Iterator[BoolArray]:
    """Sets of stations (M,) to try: those whose reduced costs are least, about as many as pay.

    Args:
        problem: the problem.
        reduced: (M,) reduced costs [s], inf where a station cannot host.
    """
    order = np.argsort(reduced, kind="stable")
    most = int((problem.capacity > 0).sum())
    paying, seen = int((reduced < 0).sum()), set()
    for more in NUMBERS:
        number = min(max(paying + more, problem.least_open, 1), most)
        if number not in seen:
            seen.add(number)
            opened = np.zeros(reduced.size, bool)
            opened[order[:number]] = True
            yield opened


def _cheapest(asked: FloatArray, opened: BoolArray) -> NDArray[np.int64]:
    """(N,) the opened station that asks least of each user."""
    return np.flatnonzero(opened)[asked[:, opened].argmin(axis=1)]


def improve(search: Search, ascent: PriceAscent) -> None:
    """Better a plan by moves, by stations opened or closed of which the prices are least sure, and by exchanges."""
    search.move()
    if search.open_or_close(ascent.undecided()[:TRIALS]):
        search.move()
    if search.problem.users <= SWAP_USERS and search.swap():
        search.move()


primal_dual = PrimalDualPlacement()
