"""Certificates that others hand in: recomputed from their parts and prices, and whether the parts hold every plan."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np

from twinhop.errors import InputError, UnprovedBoundWarning
from twinhop.placement.branching import VALUE_MARGIN
from twinhop.placement.certificate import (
    BROKEN,
    Certificate,
    Part,
    PricedPart,
    Prices,
    all_plans,
    certify_parts,
)
from twinhop.placement.enumeration import is_tiny, optimum
from twinhop.placement.problem import FloatArray, PlacementProblem

#: Sets of plans looked at to see that parts hold all of them, for each part listed.
LOOKS_PER_PART = 200


def checked_certificate(name: str, problem: PlacementProblem, certificate: Certificate) -> Certificate | None:
    """A certificate of a policy of one's own, after its bound has been recomputed.

    Args:
        name: of the policy, for messages.
        problem: what it was asked.
        certificate: what it returned.

    Returns:
        The certificate, with its bounds recomputed; that of a search in a tiny problem, by another search. In others
        what its parts prove alone, with a warning; None without parts.

    Raises:
        InputError: a part names stations that there are not or one twice, a price is no price, a bound is higher than
            its prices prove or than the optimum of a tiny problem, or the parts leave plans out.
    """
    checked: dict[int, Prices] = {}
    for at, each in enumerate(certificate.parts):
        where = f"policy: {name} returned a Certificate: part {at}"
        _check_part(where, problem, each.part)
        if id(each.prices) not in checked:
            checked[id(each.prices)] = _float_prices(where, problem, each.prices)
    is_searched = certificate.searched is not None and is_tiny(problem)
    if certificate.searched is not None and not is_searched:
        warnings.warn(
            f"policy: {name} states a bound by {certificate.method}, which cannot be recomputed; "
            f"{'what its parts prove is taken' if certificate.parts else 'it is left out'}",
            UnprovedBoundWarning,
            stacklevel=3,
        )
        if not certificate.parts:
            return None
    parts = [(each.part, checked[id(each.prices)]) for each in certificate.parts]
    again = certify_parts(problem, parts, method=certificate.formula)
    for at, (stated, proved) in enumerate(zip(certificate.parts, again.parts, strict=True)):
        _check_bound(f"policy: {name} returned a Certificate: part {at}", stated, proved)
    if is_searched:
        return _searched_again(name, problem, certificate, again)
    if not holds_all_plans(problem, [each.part for each in certificate.parts]):
        raise InputError(
            f"policy: {name} returned a Certificate whose parts do not hold every plan, or are too many to see it; "
            f"expected parts that together hold all sets of {problem.least_open} and more stations"
        )
    return again


def _searched_again(name: str, problem: PlacementProblem, stated: Certificate, again: Certificate) -> Certificate:
    """A bound that a search proved, held against the optimum of a tiny problem, which is lowered less than it was."""
    assert stated.searched is not None
    least = problem.alpha / problem.users * optimum(problem)[0] * (1 - VALUE_MARGIN / 2) + problem.constant_cost
    if not stated.searched <= least + BROKEN * abs(least):
        raise InputError(
            f"policy: {name} returned a Certificate by {stated.method}: its lower bound {stated.searched:.12g} is "
            f"above the optimum, {least:.12g}"
        )
    return Certificate(stated.method, again.parts, min(stated.searched, least))


def _check_part(where: str, problem: PlacementProblem, part: Part) -> None:
    """Counts and indices are whole numbers and each station is named once: -1 or a double would count otherwise."""
    for field in ("fewest", "most"):
        if not isinstance(getattr(part, field), int | np.integer):
            raise InputError(f"{where}: {field} is {getattr(part, field)!r}; expected a whole number of stations")
    for field in ("opened", "shut"):
        stations = tuple(getattr(part, field))
        for each in stations:
            if not isinstance(each, int | np.integer) or not 0 <= each < problem.stations:
                raise InputError(f"{where}: {field} names {each!r}; expected stations from 0 to {problem.stations - 1}")
        if len(set(stations)) < len(stations):
            raise InputError(f"{where}: {field} names a station twice; expected each once")


def _float_prices(where: str, problem: PlacementProblem, prices: Prices) -> Prices:
    """The prices in float64, in which bounds are rounded down: whole numbers overflow, and float32 rounds upwards."""
    shapes = ((problem.users,), (problem.stations,), (problem.stations,), (problem.stations,))
    floats: list[FloatArray | None] = []
    for field, values, shape in zip(Prices._fields, prices, shapes, strict=True):
        if values is None and field == "demand_price":
            floats.append(None)
            continue
        try:
            numbers = np.asarray(values, np.float64)
        except (TypeError, ValueError):
            raise InputError(f"{where}: {field} is no array; expected finite numbers of shape {shape}") from None
        if numbers.shape != shape or not np.isfinite(numbers).all():
            raise InputError(f"{where}: {field} of shape {numbers.shape}; expected finite numbers of shape {shape}")
        if field != "price" and (numbers < 0).any():
            raise InputError(f"{where}: {field} is negative at index {int(np.argmin(numbers))}; expected prices >= 0")
        floats.append(numbers)
    return Prices(*floats)  # type: ignore[arg-type]


def _check_bound(where: str, stated: PricedPart, proved: PricedPart) -> None:
    if stated.lower_bound > proved.lower_bound + BROKEN * abs(proved.lower_bound):
        raise InputError(
            f"{where}: its lower bound {stated.lower_bound:.12g} does not follow from its prices, which prove "
            f"{proved.lower_bound:.12g}; make certificates with twinhop.placement.certify or certify_parts"
        )


def holds_all_plans(problem: PlacementProblem, parts: Sequence[Part]) -> bool:
    """Whether parts together hold every set of stations that a feasible plan may open.

    Depth first: a set of plans is split at the station that most parts decide, until one part holds it, or none does.

    Args:
        problem: of at least m0 stations that may host.
        parts: any.

    Returns:
        Whether they do; False too where it would take too long to see.
    """
    hosts = frozenset(np.flatnonzero(problem.capacity > 0).tolist())
    whole = all_plans(problem)
    region = Part(whole.fewest, min(whole.most, len(hosts)), (), ())
    possible = [each for each in parts if set(each.opened) <= hosts]  # nothing is open that may not host
    return _Cover(hosts, LOOKS_PER_PART * (len(parts) + 1)).holds(region, possible)


class _Cover:
    """Looks at sets of plans; each is a part of all plans with stations that may host."""

    def __init__(self, hosts: frozenset[int], looks: int) -> None:
        self._hosts, self._looks = hosts, looks

    def holds(self, region: Part, parts: list[Part]) -> bool:
        """Whether the parts hold all plans of a region."""
        self._looks -= 1
        if self._looks < 0:
            return False
        opened, shut = set(region.opened), set(region.shut)
        fewest = max(region.fewest, len(opened))
        most = min(region.most, len(self._hosts - shut))
        if fewest > most:
            return True
        parts = [each for each in parts if not (opened & set(each.shut) or shut & set(each.opened))]
        named = Counter(
            station
            for each in parts
            for station in (*each.opened, *each.shut)
            if station in self._hosts and station not in opened and station not in shut
        )
        if not named:
            return _covers(fewest, most, parts)
        certain = [each for each in parts if set(each.opened) <= opened and set(each.shut) & self._hosts <= shut]
        if _covers(fewest, most, certain):
            return True
        station = max(named, key=lambda each: (named[each], -each))
        return self.holds(Part(fewest, most, (*region.opened, station), region.shut), parts) and self.holds(
            Part(fewest, most, region.opened, (*region.shut, station)), parts
        )


def _covers(fewest: int, most: int, parts: Sequence[Part]) -> bool:
    """Whether every number of stations from the fewest to the most is one of some part's."""
    reached = fewest - 1
    for low, high in sorted((each.fewest, each.most) for each in parts):
        if low > reached + 1:
            break
        reached = max(reached, high)
    return reached >= most
