"""The configuration of the primal-dual learner."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from twinhop.inference.price_sizes import MOST_BLOCKS


class Size(BaseModel):
    """Instances of one size that are learned from, and how often."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    stations: int = Field(ge=1, le=1000, description="M of the instances.")
    users: int = Field(ge=1, le=20_000, description="N of the instances.")
    batch: int = Field(ge=1, le=4096, description="Instances in an iteration.")
    weight: float = Field(gt=0.0, le=1e6, description="How often they are learned from, relative to other sizes.")
    limits: bool = Field(default=False, description="Seats bind in some of them, deadlines in others, both in others.")
    moved: bool = Field(default=False, description="Prices begin at those of an instance of which users moved.")


#: Sizes that are learned from unless others are stated: small ones often, as they cost little.
SIZES = (
    Size(stations=10, users=100, batch=14, weight=20),
    Size(stations=10, users=100, batch=10, weight=24, limits=True),
    Size(stations=4, users=24, batch=40, weight=8, limits=True),
    Size(stations=20, users=150, batch=4, weight=14, limits=True),
    Size(stations=30, users=300, batch=3, weight=10),
    Size(stations=10, users=100, batch=8, weight=6, limits=True, moved=True),
    Size(stations=60, users=200, batch=2, weight=8, limits=True),
    Size(stations=50, users=1000, batch=1, weight=2),
    Size(stations=100, users=2000, batch=1, weight=0.6, limits=True),
)


class PrimalDualConfig(BaseModel):
    """A network whose forward pass gives prices, and through them a certified bound and a decision."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    iterations: int = Field(default=20_000, ge=1, description="Iterations of the whole run, by which the rate falls.")
    blocks: int = Field(default=4, ge=1, le=MOST_BLOCKS, description="Blocks of the network; each sees a response.")
    width: int = Field(default=24, ge=1, le=512, description="Width of the states of users, stations and links.")
    rate: float = Field(default=4e-3, gt=0.0, description="Adam's step length.")
    last_rate_share: float = Field(default=0.0025, ge=0.0, le=1.0, description="Share of it at the end (cosine).")
    warm_up: int = Field(default=100, ge=1, description="Iterations over which the step length rises at first.")
    clip: float = Field(default=1.0, gt=0.0, description="Largest norm of the gradient.")
    early: float = Field(
        default=0.1, ge=0.0, le=10.0, description="Weight of the bound before the second block, twice it of the third."
    )
    sizes: tuple[Size, ...] = Field(default=SIZES, min_length=1, max_length=32, description="What is learned from.")
