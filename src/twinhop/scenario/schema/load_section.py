"""The scenario section that says how much of the users' load there is at the hour that is planned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinhop import streams
from twinhop.scenario.fields import Name, NonNegative, Section, problem

HOURS = 24
Profile = Annotated[tuple[NonNegative, ...], Field(json_schema_extra={"minItems": HOURS, "maxItems": HOURS})]


class Load(Section):
    """The time of day: profiles of 24 factors, and the hour whose factors hold."""

    hour: Annotated[int, Field(strict=True, ge=0, lt=HOURS)] = Field(description="hour that is planned [h], 0 to 23")
    profile: Profile | None = Field(
        default=None,
        description="24 factors, hour 0 first [1], of all users who follow no other; null: everybody follows another",
    )
    profiles: dict[Name, Profile] = Field(
        default_factory=dict, description="further profiles by name, which users or their classes follow"
    )
    scales: Literal["users", "sizes", "weight"] = Field(
        default="users",
        description="users: that share of them is active, the others are left out; sizes: history and update sizes are "
        "multiplied; weight: the users that each row stands for are multiplied, and at 0 the row is left out",
    )

    @model_validator(mode="after")
    def _usable(self) -> Load:
        if self.profile is None and not self.profiles:
            raise problem(f"profile is required: {HOURS} factors, hour 0 first; or profiles by name", "profile")
        self._check(self.profile, "profile")
        for name, profile in self.profiles.items():
            self._check(profile, "profiles", name)
        return self

    def _check(self, profile: Profile | None, *path: str) -> None:
        if profile is None:
            return
        if len(profile) != HOURS:
            raise problem(f"must hold {HOURS} factors, one an hour (got {len(profile)})", *path)
        if self.scales == "users":
            for hour, factor in enumerate(profile):
                if factor > 1:
                    text = f"{factor:g} of the users cannot be active; at most 1, or use scales: sizes or weight"
                    raise problem(text, *path, hour)

    def at(self, name: str | None) -> float:
        """The factor of the hour, of a profile by name or of `profile`."""
        profile = self.profile if name is None else self.profiles[name]
        assert profile is not None  # `check_profiles` refuses users who follow none
        return profile[self.hour]

    def factors(self, followed: Sequence[str | None]) -> NDArray[np.float64]:
        """The factor of the hour of each user.

        Args:
            followed: (N,) the profile that each follows; None: `profile`.

        Returns:
            (N,) factors [1].
        """
        at_hour = {name: self.at(name) for name in dict.fromkeys(followed)}
        return np.array([at_hour[name] for name in followed], dtype=np.float64)

    def most(self, followed: Sequence[str | None], weight: NDArray[np.float64]) -> float:
        """The users of the busiest hour where factors multiply weights.

        Args:
            followed: (N,) the profile that each row follows.
            weight: (N,) users that each row stands for at the factor 1.
        """
        names = list(dict.fromkeys(followed))
        place = {name: at for at, name in enumerate(names)}
        by_profile = np.bincount([place[name] for name in followed], weight, minlength=len(names))
        profiles = np.array([self.profile if name is None else self.profiles[name] for name in names])
        return float((by_profile[:, None] * profiles).sum(axis=0).max())


def size_factors(load: Load | None, followed: Sequence[str | None] | None) -> NDArray[np.float64] | float:
    """What history and update sizes are multiplied by: one number, or (N,)."""
    if load is None or load.scales != "sizes":
        return 1.0
    return load.at(None) if followed is None else load.factors(followed)


def active_users(
    load: Load | None, count: int, root_seed: int, followed: Sequence[str | None] | None = None
) -> NDArray[np.int64]:
    """Indices of the active users, in order: `round(factor N)` of those who follow a profile, at least one in all.

    Users join in one random order, so that those active at a factor stay active at every larger one. A profile that
    only one user follows has it active where its place in the order of all, as a share of all, is below the factor.

    Args:
        load: the section, or None for all users.
        count: N, users of the scenario.
        root_seed: the scenario's seed.
        followed: (N,) the profile that each user follows by name, None: `load.profile`; None: all follow that.

    Returns:
        (n,) indices.

    >>> profile = [0.5] * 24
    >>> active_users(Load(hour=3, profile=profile), 10, root_seed=0).size
    5
    """
    if load is None or load.scales != "users" or (not load.profiles and load.at(None) == 1):
        return np.arange(count)
    order = streams.stream(root_seed, streams.USER_ACTIVITY).permutation(count)
    if followed is None or not any(followed):
        return np.sort(order[: max(1, round(load.at(None) * count))])
    names = {name: at for at, name in enumerate(dict.fromkeys(followed))}
    group = np.array([names[name] for name in followed])
    place = np.empty(count, np.int64)
    place[order] = np.arange(count)
    active = np.zeros(count, bool)
    for name, at in names.items():
        members, factor = order[group[order] == at], load.at(name)
        if members.size > 1:
            active[members[: round(factor * members.size)]] = True
        else:
            active[members] = place[members] + 0.5 < factor * count
    if not active.any():
        active[order[0]] = True
    return np.flatnonzero(active)
