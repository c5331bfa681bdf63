"""Certificates that others hand in: recomputed from their parts and prices, and whether the parts hold every plan."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

import numpy as np

from twinhop.errors import InputError, UnprovedBoundWarning
from twinhop.placement.certificate import BROKEN, Certificate, Part, PricedPart, Prices, all_plans, certify_parts
from twinhop.placement.problem import PlacementProblem

#: Sets of plans looked at to see that parts hold all of them, for each part listed.
LOOKS_PER_PART = 200


def checked_certificate(name: str, problem: PlacementProblem, certificate: Certificate) -> Certificate | None:
    """A certificate of a policy of one's own, after its bound has been recomputed.

    Args:
        name: of the policy, for messages.
        problem: what it was asked.
        certificate: what it returned.

    Returns:
        The certificate, with its bounds recomputed. Where it states a bound that a search proved, what its parts prove
        alone, with a warning; None without parts.

    Raises:
        InputError: a price is no price, a bound is higher than its prices prove, or the parts leave plans out.
    """
    for at, each in enumerate(certificate.parts):
        _check_prices(f"policy: {name} returned a Certificate: part {at}", problem, each.prices)
    if certificate.searched is not None:
        warnings.warn(
            f"policy: {name} states a bound by {certificate.method}, which cannot be recomputed; "
            f"{'what its parts prove is taken' if certificate.parts else 'it is left out'}",
            UnprovedBoundWarning,
            stacklevel=3,
        )
        if not certificate.parts:
            return None
    again = certify_parts(problem, [(each.part, each.prices) for each in certificate.parts])
    for at, (stated, proved) in enumerate(zip(certificate.parts, again.parts, strict=True)):
        _check_bound(f"policy: {name} returned a Certificate: part {at}", stated, proved)
    if not holds_all_plans(problem, [each.part for each in certificate.parts]):
        raise InputError(
            f"policy: {name} returned a Certificate whose parts do not hold every plan, or are too many to see it; "
            f"expected parts that together hold all sets of {problem.least_open} and more stations"
        )
    return again


def _check_prices(where: str, problem: PlacementProblem, prices: Prices) -> None:
    shapes = ((problem.users,), (problem.stations,), (problem.stations,), (problem.stations,))
    for field, values, shape in zip(Prices._fields, prices, shapes, strict=True):
        if values is None and field == "demand_price":
            continue
        numbers = np.asarray(values, float)
        if numbers.shape != shape or not np.isfinite(numbers).all():
            raise InputError(f"{where}: {field} of shape {numbers.shape}; expected finite numbers of shape {shape}")
        if field != "price" and (numbers < 0).any():
            raise InputError(f"{where}: {field} is negative at index {int(np.argmin(numbers))}; expected prices >= 0")


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
