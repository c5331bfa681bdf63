"""Configurations of learning where users move: `task: migration`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from twinhop.inference.foresight.policy import ALGORITHM
from twinhop.scenario.fields import LARGEST_SEED

VALIDATION_SEED = 500


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MigrationEvaluation(_Section):
    """How a run is judged as it goes: whole runs, by cost over the certified bound."""

    every: int = Field(100, ge=1, le=1_000_000, description="iterations between evaluations")
    instances: int = Field(1, ge=1, le=1000, description="seeds of each scenario")
    first_seed: int = Field(VALIDATION_SEED, ge=0, le=LARGEST_SEED, description="the first of them")
    scenarios: tuple[str, ...] = Field((), max_length=16, description="judged on; none: those that are trained on")


class ForesightConfig(_Section):
    """Constants of the learner of moves."""

    width: int = Field(32, ge=4, le=256, description="of the hidden layers")
    events: int = Field(60, ge=16, le=100_000, description="users that are followed in an iteration")
    moves: int = Field(8_000, ge=16, le=1_000_000, description="of their moves that are remembered")
    memory: int = Field(400_000, ge=512, le=10_000_000, description="moves that are remembered")
    batch: int = Field(512, ge=16, le=100_000, description="rows of a step")
    updates: int = Field(48, ge=1, le=1000, description="steps of Adam in an iteration")
    learning_rate: float = Field(2e-3, gt=0.0, le=1.0, description="step length; it falls to a tenth over the run")
    decay: float = Field(1e-3, ge=0.0, le=1.0, description="weight of the squares of weights")
    move_spread: float = Field(
        0.7, ge=0.0, le=5.0, description="moves of an iteration cost exp(U(-x, x)) times as much"
    )


class MigrationTrainingConfig(_Section):
    """A run that learns where users move."""

    schema_version: Literal[1] = Field(description="version of this schema")
    task: Literal["migration"] = Field(description="what is learned")
    name: str = Field(min_length=1, max_length=80, description="name of the run")
    algorithm: Literal["foresight"] = Field(ALGORITHM, description="which learner")
    scenario: str = Field(min_length=1, description="preset, or scenario file beside the configuration")
    more_scenarios: tuple[str, ...] = Field((), max_length=31, description="further ones, of any number of users")
    worlds: int = Field(4, ge=1, le=100, description="seeds of each scenario; one that follows a trace has one")
    seed: int = Field(0, ge=0, le=LARGEST_SEED, description="root seed of the run")
    iterations: int = Field(600, ge=1, le=10_000_000, description="rounds of rollouts and updates")
    checkpoint_every: int = Field(100, ge=1, le=1_000_000, description="iterations between checkpoints")
    evaluation: MigrationEvaluation = Field(
        default_factory=lambda: MigrationEvaluation.model_validate({}), description="how a run is judged as it goes"
    )
    foresight: ForesightConfig = Field(
        default_factory=lambda: ForesightConfig.model_validate({}), description="constants of the learner"
    )

    def plain(self) -> dict[str, Any]:
        """Everything, defaults included, as plain values."""
        return self.model_dump(mode="json")
