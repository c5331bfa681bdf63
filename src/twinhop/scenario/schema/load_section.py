"""The scenario section that says how much of the users' load there is at the hour that is planned."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twinhop import streams
from twinhop.scenario.fields import NonNegative, Section, problem

HOURS = 24


class Load(Section):
    """The time of day: a profile of 24 factors, and the hour whose factor holds."""

    hour: Annotated[int, Field(strict=True, ge=0, lt=HOURS)] = Field(description="hour that is planned [h], 0 to 23")
    profile: tuple[NonNegative, ...] = Field(
        description="24 factors, hour 0 first [1]", json_schema_extra={"minItems": HOURS, "maxItems": HOURS}
    )
    scales: Literal["users", "sizes"] = Field(
        default="users",
        description="users: that share of them is active, the others are left out; sizes: history and update sizes are "
        "multiplied",
    )

    @model_validator(mode="after")
    def _usable(self) -> Load:
        if len(self.profile) != HOURS:
            raise problem(f"must hold {HOURS} factors, one an hour (got {len(self.profile)})", "profile")
        if self.scales == "users":
            for hour, factor in enumerate(self.profile):
                if factor > 1:
                    raise problem(
                        f"{factor:g} of the users cannot be active; at most 1, or use scales: sizes", "profile", hour
                    )
        return self

    @property
    def factor(self) -> float:
        """The factor of the hour."""
        return self.profile[self.hour]


def size_factor(load: Load | None) -> float:
    """What history and update sizes are multiplied by."""
    return load.factor if load is not None and load.scales == "sizes" else 1.0


def active_users(load: Load | None, count: int, root_seed: int) -> NDArray[np.int64]:
    """Indices of the active users, in order: `round(factor N)`, at least one.

    Users join in one random order, so that those active at a factor stay active at every larger one.

    Args:
        load: the section, or None for all users.
        count: N, users of the scenario.
        root_seed: the scenario's seed.

    Returns:
        (n,) indices.

    >>> profile = [0.5] * 24
    >>> active_users(Load(hour=3, profile=profile), 10, root_seed=0).size
    5
    """
    if load is None or load.scales != "users" or load.factor == 1:
        return np.arange(count)
    order = streams.stream(root_seed, streams.USER_ACTIVITY).permutation(count)
    return np.sort(order[: max(1, round(load.factor * count))])
