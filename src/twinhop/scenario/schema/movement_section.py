"""The scenario section that says what changes as time goes: who moves how, CPU, failures, access and redraws."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from twinhop.scenario.fields import Name, NonNegative, Positive, Section, Text, problem
from twinhop.scenario.mobility import Churn, GaussMarkov, Mobility

DEFAULT_SLOTS = 600
"""Slots of a run where neither `slots` nor `horizon_s` is given."""
MOST_SLOTS = 10_000_000
EPISODE_SLOTS = 25
"""Slots of an episode of the paper (Lu et al., Alg. 1), after which reading 25, literal, redraws the stations."""
DIVISION_TOLERANCE = 1e-9
"""A horizon counts as divided by the slot up to this relative error, which rounding makes."""

Slots = Annotated[int, Field(strict=True, ge=1, le=MOST_SLOTS)]


class TraceFile(Section):
    """Users moved by a recording; the users are those of the trace."""

    file: Text = Field(description="trace (Parquet), in the folder of the scenario file or below it")
    start_s: NonNegative = Field(default=0.0, description="moment of the trace at which the run starts [s]")


class CpuDynamics(Section):
    """The CPU capacity of stations as time goes: constant, an autoregressive process, or a file."""

    kind: Literal["constant", "ar1", "trace"] = Field(
        default="constant", description="constant: F as it is; ar1: F wanders about itself; trace: F by a file"
    )
    correlation_s: Positive = Field(
        default=60.0, description="ar1: time after which the correlation has fallen to 1/e [s]"
    )
    sigma_gcycles_per_s: NonNegative = Field(
        default=4.0, description="ar1: standard deviation without the bounds [Gcycle/s]"
    )
    min_gcycles_per_s: Positive = Field(default=8.0, description="ar1: least CPU capacity [Gcycle/s]")
    max_gcycles_per_s: Positive = Field(default=24.0, description="ar1: largest CPU capacity [Gcycle/s]")
    bounds: Literal["reflect", "clamp"] = Field(
        default="reflect", description="ar1: what happens at the bounds: mirrored there, or held there"
    )
    file: Text | None = Field(
        default=None,
        description="trace: CSV or Parquet with station, time_s, cpu_gcycles_per_s, in the folder of the scenario file "
        "or below it; a value holds from its time on",
    )

    @model_validator(mode="after")
    def _usable(self) -> CpuDynamics:
        if (self.kind == "trace") != (self.file is not None):
            raise problem("is required with kind: trace, and has no effect with another", "file")
        if self.kind != "ar1":
            for name in self.model_fields_set - {"kind", "file"}:
                raise problem(f"has no effect with kind: {self.kind}; set kind: ar1 or leave it out", name)
        low, high = self.min_gcycles_per_s, self.max_gcycles_per_s
        if low >= high:
            raise problem(f"must be less than max_gcycles_per_s, {high:g} (got {low:g})", "min_gcycles_per_s")
        return self


class Outage(Section):
    """One station down for a while."""

    station: Name = Field(description="id of the station")
    down_s: NonNegative = Field(description="when it fails [s]")
    up_s: Positive | None = Field(default=None, description="when it returns [s]; null: never")

    @model_validator(mode="after")
    def _ordered(self) -> Outage:
        if self.up_s is not None and self.up_s <= self.down_s:
            raise problem(f"must be greater than down_s, {self.down_s:g} (got {self.up_s:g})", "up_s")
        return self


class RandomFailures(Section):
    """Every station fails and returns by itself, for exponential times; all work at first."""

    mean_up_s: Positive = Field(description="mean time that a station works [s]")
    mean_down_s: Positive = Field(description="mean time until it is repaired [s]")


class Failures(Section):
    """Stations that fail and return: by schedule, at random, or both."""

    schedule: tuple[Outage, ...] = Field(default=(), description="outages that are known")
    random: RandomFailures | None = Field(default=None, description="outages at random; null: none")


class AccessRule(Section):
    """When a user is handed over to a better station (event A3 of 3GPP TS 38.331)."""

    hysteresis_db: NonNegative = Field(default=3.0, description="by how much the other station must be better [dB]")
    time_to_trigger_s: NonNegative = Field(default=0.32, description="for how long it must stay better [s]")


class Movement(Section):
    """What changes as time goes; without the section nothing does."""

    slot_s: Positive = Field(default=1.0, description="length of a slot [s]")
    slots: Slots | None = Field(
        default=None, description=f"slots of a run; null: by horizon_s, and without it {DEFAULT_SLOTS}"
    )
    horizon_s: Positive | None = Field(default=None, description="length of a run [s]; a whole number of slots")
    model: Mobility | None = Field(
        default=None,
        description="mobility model, see [how users move](mobility.md); null: gauss_markov, or the trace",
        json_schema_extra={"default": None},
    )
    trace: TraceFile | None = Field(default=None, description="recorded positions, in place of a model")
    churn: Churn | None = Field(default=None, description="arrivals and departures; null: nobody comes or goes")
    cpu: CpuDynamics = Field(default=CpuDynamics(), description="CPU capacity as time goes")
    failures: Failures | None = Field(default=None, description="stations that fail and return; null: none does")
    access: AccessRule = Field(default=AccessRule(), description="when users are handed over")
    redraw_every_slots: Slots | None = Field(
        default=None,
        description=f"slots after which stations, CPU and channels are drawn anew; null: {EPISODE_SLOTS}; needs "
        "readings row 25 literal",
    )
    channel_map_mib: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e6)] = Field(
        default=512.0,
        description="memory for the map from which line of sight and shadowing are interpolated [MiB]; 0: evaluated at "
        "every place, exactly and slowly",
    )

    @model_validator(mode="after")
    def _usable(self) -> Movement:
        if self.slots is not None and self.horizon_s is not None:
            raise problem("give slots or horizon_s, not both", "horizon_s")
        if self.model is not None and self.trace is not None:
            raise problem("give a model or a trace, not both", "trace")
        if self.horizon_s is not None and not self._divides(self.horizon_s):
            raise problem(
                f"the slot of {self.slot_s:g} s does not divide {self.horizon_s:g} s; choose a whole number of slots",
                "horizon_s",
            )
        self._check_durations()
        return self

    def _divides(self, horizon_s: float) -> bool:
        slots = horizon_s / self.slot_s
        return round(slots) >= 1 and abs(slots - round(slots)) <= DIVISION_TOLERANCE * slots

    def _check_durations(self) -> None:
        """Refuse mean times shorter than a slot, which no slot could show."""
        random = self.failures.random if self.failures else None
        for path, section in ((("churn",), self.churn), (("failures", "random"), random)):
            for name, mean_s in section or ():
                if mean_s < self.slot_s:
                    raise problem(f"must be a slot, {self.slot_s:g} s, or more (got {mean_s:g})", *path, name)

    @property
    def run_slots(self) -> int:
        """Slots of a run.

        >>> Movement(slot_s=0.1, horizon_s=60.0).run_slots
        600
        """
        if self.horizon_s is not None:
            return round(self.horizon_s / self.slot_s)
        return self.slots or DEFAULT_SLOTS

    @property
    def mobility(self) -> Mobility:
        """The mobility model: Gauss-Markov with its defaults where none is given."""
        return self.model or GaussMarkov(kind="gauss_markov")

    @property
    def slots_to_trigger(self) -> int:
        """Slots in a row in which a station must be better: up to the one in which the time to trigger is over.

        >>> Movement(slot_s=0.1).slots_to_trigger, Movement(slot_s=1.0).slots_to_trigger
        (4, 1)
        """
        return 1 + math.floor(self.access.time_to_trigger_s / self.slot_s + DIVISION_TOLERANCE)
