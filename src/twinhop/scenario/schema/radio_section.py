"""The scenario section that sets the radio link: path loss, shadowing, fading, noise, interference, band and access."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twinhop.network import PATH_LOSS, PathLossModel, Shadowing
from twinhop.scenario.fields import Positive, Section, problem
from twinhop.units import HZ_PER_GHZ

PathLoss = Literal["tr36814_macro", "tr38901_uma", "tr38901_umi", "okumura_hata", "power_law"]
Environment = Literal["small_city", "large_city", "suburban", "open"]
LineOfSight = Literal["random", "always", "never"]
ShadowingRule = Literal["none", "correlated"]
Interference = Literal["none", "full_reuse"]
BandwidthRule = Literal["full", "equal_share"]
Fading = Literal["none", "rayleigh"]
Access = Literal["strongest_mean", "strongest_instant", "nearest"]

SI_PARAMETERS = {
    "carrier_ghz": ("carrier_hz", HZ_PER_GHZ),
    "station_height_m": ("station_height_m", 1.0),
    "user_height_m": ("user_height_m", 1.0),
    "environment": ("environment", None),
    "path_loss_exponent": ("path_loss_exponent", 1.0),
    "reference_loss_db": ("reference_loss_db", 1.0),
}
"""Fields that a path loss model may take: the parameter's name in the model, and the factor to its unit."""


class Radio(Section):
    """The radio link between a user and its access station."""

    path_loss: PathLoss = Field(default="tr36814_macro", description="path loss model")
    carrier_ghz: Positive | None = Field(
        default=None,
        description="carrier frequency [GHz]; none: 3.5 in TR 38.901, 0.9 in Okumura-Hata; the others take none",
    )
    station_height_m: Positive | None = Field(
        default=None, description="antenna height of stations [m]; none: 25 in UMa, 10 in UMi, 30 in Okumura-Hata"
    )
    user_height_m: Positive | None = Field(
        default=None, description="antenna height of users [m]; none: 1.5 in TR 38.901 and Okumura-Hata"
    )
    environment: Environment | None = Field(
        default=None, description="surroundings in Okumura-Hata; none: small_city (small or medium city)"
    )
    path_loss_exponent: Positive | None = Field(
        default=None, description="exponent alpha of power_law, d^-alpha [1]; none: 4"
    )
    reference_loss_db: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=300)] | None = Field(
        default=None, description="loss of power_law at 1 m [dB]; none: 0"
    )
    allow_extrapolation: Annotated[bool, Field(strict=True)] = Field(
        default=False,
        description="true: warn of a carrier or height outside the range of the path loss model; false: refuse it",
    )
    line_of_sight: LineOfSight = Field(
        default="random",
        description="which links have line of sight in TR 38.901; random: by its probability, alike at places close by",
    )
    shadowing: ShadowingRule = Field(
        default="none", description="correlated: log-normal shadowing, alike at places close to each other"
    )
    shadowing_sigma_db: Positive | None = Field(
        default=None, description="standard deviation of the shadowing [dB]; none: that of the path loss model"
    )
    shadowing_decorrelation_m: Positive | None = Field(
        default=None,
        description="distance over which the correlation of the shadowing falls to 1/e [m]; none: that of the model",
    )
    bandwidth_mhz: Positive = Field(default=20.0, description="bandwidth W of a station [MHz]")
    bandwidth_rule: BandwidthRule = Field(
        default="full",
        description="full: every user has all of W; equal_share: W over the users attached to the station",
    )
    noise_dbm_per_hz: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-300, le=100)] = Field(
        default=-174.0, description="noise power density N0 [dBm/Hz]"
    )
    noise_figure_db: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=100)] = Field(
        default=0.0, description="noise figure of the stations' receivers, added to the noise [dB]"
    )
    interference: Interference = Field(
        default="none", description="full_reuse: every station receives the mean uplink interference of all others"
    )
    fading: Fading = Field(default="none", description="small-scale fading; rayleigh: unit-mean exponential power")
    fading_floor: Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0, le=1)] = Field(
        default=0.05, description="fading power is clamped below at this value [1]"
    )
    min_distance_m: Positive = Field(default=10.0, description="link distances are clamped below at this value [m]")
    access: Access = Field(default="strongest_mean", description="how a user's access station is chosen")

    @property
    def model(self) -> PathLossModel:
        """The path loss model."""
        return PATH_LOSS[self.path_loss]

    def path_loss_parameters(self) -> dict[str, float | str]:
        """The parameters of the path loss model in SI units: those given, and the model's own for the others.

        >>> Radio(path_loss="tr38901_umi", carrier_ghz=28.0).path_loss_parameters()
        {'carrier_hz': 28000000000.0, 'station_height_m': 10.0, 'user_height_m': 1.5}
        """
        given = {SI_PARAMETERS[name][0]: self._in_si(name) for name in self._given()}
        return {**self.model.defaults, **given}

    def shadowing_by_state(self) -> tuple[Shadowing, ...]:
        """The shadowing of links with line of sight and without, or of every link; empty without shadowing.

        >>> Radio(path_loss="tr38901_uma", shadowing="correlated").shadowing_by_state()[1]
        Shadowing(sigma_db=6.0, decorrelation_m=50.0)
        """
        if self.shadowing == "none":
            return ()
        sigma_db, decorrelation_m = self.shadowing_sigma_db, self.shadowing_decorrelation_m
        if sigma_db is not None and decorrelation_m is not None:
            return (Shadowing(sigma_db, decorrelation_m),) * self.model.states
        return tuple(
            Shadowing(sigma_db or own.sigma_db, decorrelation_m or own.decorrelation_m) for own in self.model.shadowing
        )

    def extrapolations(self) -> list[str]:
        """What lies outside the range of the path loss model, a sentence a field, the field first."""
        return [f"radio.{name}: {text}" for name, text in self._outside().items()]

    def _given(self) -> list[str]:
        return [name for name in SI_PARAMETERS if getattr(self, name) is not None]

    def _in_si(self, name: str) -> float | str:
        value, factor = getattr(self, name), SI_PARAMETERS[name][1]
        return value if factor is None else value * factor

    def _outside(self) -> dict[str, str]:
        outside = self.model.outside(self.path_loss_parameters())
        return {name: self._range_text(name, outside[si]) for name, (si, _) in SI_PARAMETERS.items() if si in outside}

    def _range_text(self, name: str, bounds: tuple[float, float]) -> str:
        factor, unit = SI_PARAMETERS[name][1] or 1.0, name.rpartition("_")[2].replace("ghz", "GHz")
        low, high = (f"{bound / factor:g}" for bound in bounds)
        accepted = f"{low} {unit}" if low == high else f"{low} to {high} {unit}"
        return f"{getattr(self, name):g} {unit} is outside the range of {self.path_loss}, {accepted}"

    @model_validator(mode="after")
    def _parameters_are_taken(self) -> Radio:
        for name in self._given():
            if SI_PARAMETERS[name][0] not in self.model.defaults:
                takers = [other for other, model in PATH_LOSS.items() if SI_PARAMETERS[name][0] in model.defaults]
                raise problem(f"path_loss: {self.path_loss} takes none; these do: {', '.join(takers)}", name)
        if self.model.states == 1 and self.line_of_sight != "random":
            takers = [other for other, model in PATH_LOSS.items() if model.states == 2]
            raise problem(
                f"path_loss: {self.path_loss} knows no line of sight; these do: {', '.join(takers)}", "line_of_sight"
            )
        return self

    @model_validator(mode="after")
    def _inside_the_model(self) -> Radio:
        for name, least in self.model.above.items():
            value = self.path_loss_parameters().get(name)
            if isinstance(value, float | int) and value <= least:
                raise problem(f"must be greater than {least:g} in {self.path_loss} (got {value:g})", name)
        if not self.allow_extrapolation:
            for name, text in self._outside().items():
                raise problem(f"{text}; use another path_loss, or allow_extrapolation: true", name)
        return self

    @model_validator(mode="after")
    def _shadowing_is_known(self) -> Radio:
        for name in ("shadowing_sigma_db", "shadowing_decorrelation_m"):
            value = getattr(self, name)
            if self.shadowing == "none" and value is not None:
                raise problem("has no effect with shadowing: none; set shadowing: correlated or leave it out", name)
            if self.shadowing == "correlated" and value is None and not self.model.shadowing:
                raise problem(f"is required with shadowing: correlated, as {self.path_loss} states none", name)
        return self
