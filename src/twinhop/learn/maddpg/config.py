"""The constants of multi-agent deep deterministic policy gradient."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Critics = Literal["own", "shared"]
Sight = Literal["state", "observations"]
Width = Annotated[int, Field(ge=1, le=4096)]


class MaddpgConfig(BaseModel):
    """The constants of MADDPG; the defaults are the paper's, and those of docs/learning.md where it gives none."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    hidden: tuple[Width, ...] = Field((256, 128), min_length=1, max_length=8, description="units of the hidden layers")
    batch: int = Field(32, ge=1, le=65_536, description="transitions of an update")
    gamma: float = Field(0.7, ge=0.0, le=1.0, description="discount of a slot")
    actor_rate: float = Field(1e-3, gt=0.0, le=1.0, description="learning rate of actors, Adam")
    critic_rate: float = Field(1e-3, gt=0.0, le=1.0, description="learning rate of critics, Adam")
    tau: float = Field(0.01, gt=0.0, le=1.0, description="how far targets follow in an update")
    noise: float = Field(0.1, ge=0.0, le=10.0, description="standard deviation of the Gaussian noise on actions")
    replay: int = Field(10_000, ge=1, le=10_000_000, description="joint transitions that the replay memory holds")
    critics: Critics = Field("own", description="a critic for each agent, or one for a reward that all share")
    critic_sees: Sight = Field(
        "state", description="what critics see beside all actions: the state, or what agents see"
    )
    agents_see: Sight = Field("state", description="whether all actors see the state, or each its own observation")
    output_penalty: float = Field(
        0.0, ge=0.0, le=1e3, description="weight of the mean square of actors' outputs before tanh, against saturation"
    )
    output_penalty_beyond: float = Field(
        0.0, ge=0.0, le=1e3, description="only what an output has beyond this magnitude is penalised"
    )
    output_penalty_decay: float = Field(
        1.0, gt=0.0, le=1.0, description="by which the penalty is multiplied at each update; 1: it is constant"
    )
    actor_clip: float | None = Field(None, gt=0.0, le=1e6, description="largest norm of an actor's gradient; null: any")
    critic_clip: float | None = Field(None, gt=0.0, le=1e6, description="largest norm of a critic's; null: any")
    warm_up: int = Field(
        0, ge=0, le=10_000_000, description="transitions that the memory must hold before the first update"
    )
