"""The configuration of the structured learner."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class StructuredConfig(BaseModel):
    """MADDPG over the bipartite graph of users and stations: one actor for all agents, one critic for their reward."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    iterations: int = Field(
        default=2000,
        ge=1,
        description="Iterations of the whole run, by which rates and noise fall; a slot and an update each.",
    )
    node_width: int = Field(default=32, ge=1, le=1024, description="Width of the actor's states of users and stations.")
    edge_width: int = Field(default=16, ge=1, le=1024, description="Width of the actor's edges.")
    rounds: int = Field(default=2, ge=0, le=16, description="Exchanges between users and stations in the actor.")
    critic_edge_width: int = Field(
        default=16, ge=1, le=1024, description="Hidden width of what the critic makes of an edge."
    )
    critic_station_width: int = Field(
        default=64, ge=1, le=1024, description="Hidden width of what the critic makes of a station."
    )
    critics: Literal[1, 2] = Field(default=1, description="2: twin critics, of which the dearer one counts.")
    gamma: float = Field(
        default=0.0,
        ge=0.0,
        lt=1.0,
        description="Discount of costs to come; 0 in P1, whose costs do not depend on what was decided before.",
    )
    opening_gradient: Literal["counterfactual", "straight_through", "soft"] = Field(
        default="counterfactual", description="How openings get their gradient."
    )
    actor_rate: float = Field(default=1e-3, gt=0.0, description="Adam's step length of the actor.")
    critic_rate: float = Field(default=2e-3, gt=0.0, description="Adam's step length of the critic.")
    last_rate_share: float = Field(
        default=0.05, ge=0.0, le=1.0, description="Share of the step length at the end (cosine)."
    )
    actor_clip: float = Field(default=1.0, gt=0.0, description="Largest norm of the actor's gradient.")
    opening_penalty: float = Field(
        default=0.0,
        ge=0.0,
        le=1e3,
        description="Weight of the mean square of opening logits in the actor's loss, against saturation.",
    )
    opening_penalty_beyond: float = Field(
        default=0.0, ge=0.0, le=1e3, description="Only what a logit has beyond this magnitude is penalised."
    )
    opening_penalty_last_share: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Share of the penalty at the end of the run (linear); 1: constant."
    )
    critic_clip: float = Field(default=10.0, gt=0.0, description="Largest norm of the critic's gradient.")
    actor_slots: int = Field(
        default=2, ge=1, description="Slots in the actor's batch; each holds one transition of every environment."
    )
    critic_slots: int = Field(default=4, ge=1, description="Slots in the critic's batch.")
    critic_updates: int = Field(default=3, ge=1, description="Updates of the critic in an iteration.")
    critic_only_iterations: int = Field(
        default=200, ge=0, description="First iterations, in which the actor does not learn."
    )
    replay_slots: int = Field(default=512, ge=1, description="Slots that the replay holds.")
    noise: float = Field(
        default=2.0, ge=0.0, description="Noise of actions: deviation U(0, noise) of the logits at first."
    )
    least_noise_share: float = Field(
        default=0.15, ge=0.0, le=1.0, description="Share of the noise that stays to the end."
    )
    noise_iterations_share: float = Field(
        default=0.7, gt=0.0, le=1.0, description="Share of the iterations over which the noise would fall to nought."
    )
    target_rate: float = Field(
        default=0.01, gt=0.0, le=1.0, description="Rate at which target networks follow (gamma > 0)."
    )
