"""Every mobility model, by its `kind`, and the field that takes one: `{kind: gauss_markov, alpha: 0.9}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import BeforeValidator, Discriminator, Tag

from twinhop.scenario.fields import problem
from twinhop.scenario.mobility.gauss_markov import GaussMarkov
from twinhop.scenario.mobility.hot_spots import HotSpotAttraction
from twinhop.scenario.mobility.manhattan import Manhattan
from twinhop.scenario.mobility.model import MobilityModel
from twinhop.scenario.mobility.random_waypoint import RandomWaypoint
from twinhop.scenario.mobility.static import Static
from twinhop.text import suggestion

MOBILITY_MODELS: dict[str, type[MobilityModel]] = {
    "static": Static,
    "random_waypoint": RandomWaypoint,
    "gauss_markov": GaussMarkov,
    "manhattan": Manhattan,
    "hot_spots": HotSpotAttraction,
}


def _tag(value: Any) -> str:
    """Which model a value is meant for; see `validation_errors` for the brackets."""
    return f"<{value['kind'] if isinstance(value, dict) else value.kind}>"


def _known(value: Any) -> Any:
    if isinstance(value, MobilityModel):
        return value
    accepted = ", ".join(MOBILITY_MODELS)
    if not isinstance(value, dict):
        raise problem(f"must be a mapping with the kind of the model; accepted: {accepted}")
    if "kind" not in value:
        raise problem(f"is required; accepted: {accepted}", "kind")
    if value["kind"] not in tuple(MOBILITY_MODELS):
        hint = suggestion(str(value["kind"]), MOBILITY_MODELS)
        raise problem(f"unknown model {str(value['kind'])[:40]!r}; {hint}accepted: {accepted}", "kind")
    return value


if TYPE_CHECKING:
    Mobility = MobilityModel
else:
    _MODELS = tuple(Annotated[model, Tag(f"<{kind}>")] for kind, model in MOBILITY_MODELS.items())
    Mobility = Annotated[Union[_MODELS], Discriminator(_tag), BeforeValidator(_known)]  # noqa: UP007
    """A field of any mobility model, told apart by `kind`."""
