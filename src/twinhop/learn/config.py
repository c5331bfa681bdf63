"""Configurations of training: YAML files with the same errors as scenario files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from twinhop.errors import InputError
from twinhop.io import yaml_io
from twinhop.io.text_file import read_text
from twinhop.learn.foresight.config import MigrationTrainingConfig
from twinhop.learn.literal import FlatConfig, LiteralConfig
from twinhop.learn.primal_dual.config import PrimalDualConfig
from twinhop.learn.structured import StructuredConfig
from twinhop.learn.transfer.aggregation import SUM_TOLERANCE
from twinhop.names import training_files, training_worlds
from twinhop.scenario.fields import LARGEST_SEED, NonNegative, problem
from twinhop.scenario.files.load import locator
from twinhop.scenario.schema.readings import Reading
from twinhop.scenario.validation_errors import input_error
from twinhop.text import suggestion

VALIDATION_SEED = 500
"""The first seed of evaluation while training; those from 1000 on are kept for final figures."""
_SUFFIX = ".yaml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvaluationSection(_Section):
    """How a run is judged as it goes."""

    every: int = Field(250, ge=1, le=1_000_000, description="iterations between evaluations")
    instances: int = Field(20, ge=1, le=10_000, description="slots on which policies are judged")
    first_seed: int = Field(VALIDATION_SEED, ge=0, le=LARGEST_SEED, description="seed of their worlds")


class TransferSection(_Section):
    """What a run takes over from places where was learned before: Algorithm 2."""

    sources: tuple[str, ...] = Field(
        min_length=1, max_length=16, description="checkpoints or runs along the trajectory, the latest last"
    )
    weights: tuple[NonNegative, ...] | None = Field(
        None, description="of each source in Eq. 32, of sum 1; null: by dwell_s, and without it all alike"
    )
    dwell_s: tuple[NonNegative, ...] | None = Field(None, description="how long users were in each place [s]")
    networks: bool = Field(True, description="whether weights begin as the weighted sum of the sources' (Eq. 32)")
    share: float = Field(
        0.5, ge=0.0, le=1.0, description="of the replay memory that the sources' experience may fill (Eq. 33)"
    )
    recency: float = Field(
        0.5, gt=0.0, le=1.0, description="weight of a place's experience relative to the place after it"
    )
    rho: float = Field(0.05, ge=0.0, le=1.0, description="pull of the source in the first iteration (Eq. 34)")
    decay: float = Field(0.9, gt=0.0, le=1.0, description="by which the pull is multiplied in each iteration")
    sum_reading: Reading = Field(
        "sound", description="Eq. 32 (row 19): sound refuses sources that share no ancestor; literal sums any"
    )
    pull_reading: Reading = Field(
        "sound", description="Eq. 34 (row 20): sound is a convex combination; literal adds the source, as printed"
    )

    @model_validator(mode="after")
    def _fits(self) -> TransferSection:
        for name in ("weights", "dwell_s"):
            given = getattr(self, name)
            if given is not None and len(given) != len(self.sources):
                raise problem(f"got {len(given)} for {len(self.sources)} sources; expected one for each", name)
        if self.weights is not None and abs(sum(self.weights) - 1.0) > SUM_TOLERANCE:
            numbers = ", ".join(f"{weight:g}" for weight in self.weights)
            raise problem(f"{numbers} add up to {sum(self.weights):g}; expected 1", "weights")
        if self.weights is not None and self.dwell_s is not None:
            raise problem("weights are given too; expected one of both", "dwell_s")
        if not self.networks and self.share == 0:
            raise problem("nothing is taken over; expected networks: true, or a share above 0", "networks")
        return self


class TrainingConfig(_Section):
    """A run of training."""

    schema_version: Literal[1] = Field(description="version of this schema")
    task: Literal["placement"] = Field("placement", description="what is learned; `migration` has fields of its own")
    name: str = Field(min_length=1, max_length=80, description="name of the run")
    algorithm: Literal["structured", "flat", "literal", "primal_dual"] = Field(
        "structured", description="which learner"
    )
    scenario: str = Field(min_length=1, description="preset, or scenario file beside the configuration")
    more_scenarios: tuple[str, ...] = Field(
        (), max_length=15, description="further ones of as many users and stations, trained on beside it (structured)"
    )
    topologies: Literal["random", "fixed"] = Field(
        "random", description="new stations and users in every episode, or those of the scenario throughout"
    )
    seed: int = Field(0, ge=0, le=LARGEST_SEED, description="root seed of the run")
    iterations: int = Field(
        2000, ge=1, le=10_000_000, description="slots (structured), episodes (flat, literal) or batches (primal_dual)"
    )
    environments: int = Field(16, ge=1, le=4096, description="environments side by side (structured)")
    opening_spread: float = Field(
        0.0, ge=0.0, le=5.0, description="openings of an episode cost exp(U(-x, x)) times as much (structured)"
    )
    communication_spread: float = Field(
        0.0, ge=0.0, le=5.0, description="the same for communication latencies (structured)"
    )
    checkpoint_every: int = Field(250, ge=1, le=1_000_000, description="iterations between checkpoints")
    evaluation: EvaluationSection = Field(
        default_factory=lambda: EvaluationSection.model_validate({}), description="how a run is judged as it goes"
    )
    transfer: TransferSection | None = Field(None, description="what is taken over from elsewhere; null: nothing")
    structured: StructuredConfig | None = Field(None, description="constants of the structured learner")
    flat: FlatConfig | None = Field(None, description="constants of the flat learner")
    literal: LiteralConfig | None = Field(None, description="constants of the literal learner")
    primal_dual: PrimalDualConfig | None = Field(None, description="constants of the primal-dual learner")

    @model_validator(mode="after")
    def _sections_fit(self) -> TrainingConfig:
        for name in ("structured", "flat", "literal", "primal_dual"):
            if getattr(self, name) is not None and name != self.algorithm:
                raise problem(f"belongs to algorithm: {name}; this run has {self.algorithm}", name)
        for name, section in (("structured", self.structured), ("primal_dual", self.primal_dual)):
            if section is not None and "iterations" in section.model_fields_set:
                raise problem("is said once, as iterations of the run", name, "iterations")
        if self.algorithm == "primal_dual" and self.transfer is not None:
            raise problem("a primal_dual learner has no experience to take over; leave it out", "transfer")
        if self.algorithm != "structured" and (self.more_scenarios or self.opening_spread or self.communication_spread):
            raise problem(
                f"a {self.algorithm} learner has one scenario and its own prices; leave out more_scenarios and spreads"
            )
        return self

    def constants(self) -> dict[str, Any]:
        """Fields of the learner's own configuration that differ from its defaults."""
        section = getattr(self, self.algorithm)
        return {} if section is None else section.model_dump(exclude_unset=True)

    def actor_starts_at(self) -> int:
        """Iterations of the warm-up, in which the critic alone learns; 0: there is none."""
        if self.algorithm != "structured":
            return 0
        return (self.structured or StructuredConfig()).critic_only_iterations

    def plain(self) -> dict[str, Any]:
        """Everything, defaults included, as plain values; without the task, which files of before do not name."""
        return self.model_dump(mode="json", exclude={"task"})


AnyTraining = TrainingConfig | MigrationTrainingConfig
"""What a file may hold: `task: migration`, or a placement."""


def load_config(source: str | Path) -> tuple[AnyTraining, Path]:
    """Read a configuration.

    Args:
        source: a file, or the name of a configuration of the package.

    Returns:
        The configuration, and the folder from which its scenario files are found.

    Raises:
        InputError: there is none, or it is not valid; file, line and field are named.
    """
    if str(source) in config_names():
        text = training_files()[str(source)].read_text(encoding="utf-8")
        return parse_config(text, f"{source}{_SUFFIX}"), training_worlds()
    path = Path(source)
    if not path.exists():
        names = config_names()
        raise InputError(
            f"{path}: file not found, and no configuration has this name; {suggestion(str(path), names)}"
            f"configurations: {', '.join(names)}"
        )
    return parse_config(read_text(path), str(path)), path.parent


def parse_config(text: str, source_name: str = "configuration") -> AnyTraining:
    r"""Validate the text of a configuration.

    Args:
        text: YAML.
        source_name: what to call it in errors.

    Raises:
        InputError: it is not valid.

    >>> parse_config("schema_version: 1\nname: a\nscenario: lu2021-n80-m5").iterations
    2000
    """
    value = yaml_io.read_yaml(text, source_name)
    if not isinstance(value, dict):
        raise InputError(f"{source_name}:1: must be a mapping of fields such as `scenario: lu2021-n100-m10`")
    kind = _kind_of(value)
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise input_error(error, kind, locator(text, source_name)) from None


def _kind_of(fields: Mapping[str, Any]) -> type[AnyTraining]:
    return MigrationTrainingConfig if fields.get("task") == "migration" else TrainingConfig


def changed(config: AnyTraining, changes: Mapping[str, Any]) -> AnyTraining:
    """The configuration with some fields changed.

    Args:
        config: any configuration.
        changes: fields and their values.

    Raises:
        InputError: a value is not accepted.
    """
    return config_of({**config.model_dump(exclude_unset=True), **changes}, config.name)


def config_of(fields: Mapping[str, Any], name: str) -> AnyTraining:
    """A configuration out of its fields.

    Args:
        fields: plain values.
        name: what errors call it.

    Raises:
        InputError: a field is unknown, or a value is not accepted.
    """
    kind = _kind_of(fields)
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise input_error(error, kind, lambda paths: dict.fromkeys(paths, name)) from None


def config_names() -> tuple[str, ...]:
    """The names of the configurations of the package.

    >>> "maddpg" in config_names()
    True
    """
    return tuple(training_files())
