"""Log-normal: many small values and a few large ones."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from twinhop.scenario.distribution.kind import Kind, closed
from twinhop.scenario.fields import LARGEST_VALUE, Positive, Section, problem

LARGEST_SIGMA = 5.0
"""At 5 the 84th percentile is 148 times the median; sizes and rates spread less."""
SMALLEST_DRAW = 1e-300
"""Draws are clamped to [this, `LARGEST_VALUE`], so that they are positive and finite whatever the parameters."""


class LogNormalParameters(Section):
    """The parameters of a log-normal distribution: `sigma` and either `median` or `mean`."""

    median: Positive | None = Field(default=None, description="median, in the unit of the field")
    mean: Positive | None = Field(default=None, description="mean, in the unit of the field")
    sigma: Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=LARGEST_SIGMA)] = Field(
        description="standard deviation of the natural logarithm [1]"
    )

    @field_validator("median", "mean", mode="before")
    @classmethod
    def _stated(cls, value: Any) -> Any:
        if value is None:
            raise problem("must be a number (got nothing); leave the field out instead")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> LogNormalParameters:
        if (self.median is None) == (self.mean is None):
            raise problem("exactly one of median and mean must be given")
        return self


class LogNormal(Kind):
    """Log-normal, `median exp(sigma z)` with z standard normal: `{log_normal: {median: 8, sigma: 0.5}}`.

    With a mean in place of the median, `median = mean exp(-sigma^2 / 2)`.
    """

    KEY: ClassVar[str] = "log_normal"
    log_normal: LogNormalParameters = Field(description="median or mean, and sigma")

    def median(self) -> float:
        """The median, in the unit of the field."""
        stated = self.log_normal
        if stated.median is not None:
            return stated.median
        assert stated.mean is not None
        return stated.mean * math.exp(-(stated.sigma**2) / 2)

    def lowest(self) -> float:
        """A positive number: draws come arbitrarily close to 0."""
        return SMALLEST_DRAW

    def draw(self, generator: np.random.Generator, count: int) -> NDArray[np.float64]:
        """`count` independent values, in the unit of the field."""
        values = self.median() * np.exp(self.log_normal.sigma * generator.standard_normal(count))
        return np.clip(values, SMALLEST_DRAW, LARGEST_VALUE)

    @classmethod
    def json_schema(cls, number: dict[str, Any]) -> dict[str, Any]:
        """Sigma, and one of median and mean."""
        positive = {"type": "number", "exclusiveMinimum": 0, "maximum": LARGEST_VALUE}
        parameters = {
            "median": positive,
            "mean": positive,
            "sigma": {"type": "number", "minimum": 0, "maximum": LARGEST_SIGMA},
        }
        either = [{"required": ["median"]}, {"required": ["mean"]}]
        return closed({cls.KEY: closed(parameters, "sigma", oneOf=either)}, cls.KEY)
