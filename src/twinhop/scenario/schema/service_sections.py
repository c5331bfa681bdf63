"""The scenario section that says which services are made from the twins of which users."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from twinhop.errors import InputError
from twinhop.scenario.fields import Coordinate, Name, NonNegative, Positive, Section, problem
from twinhop.scenario.schema.attribute_expression import LONGEST_EXPRESSION, parse_expression
from twinhop.scenario.schema.polygon import MOST_VERTICES, polygon_error
from twinhop.text import suggestion

MOST_SERVICES = 200
USER_NUMBERS = ("x_m", "y_m", "history_mbit", "update_mbit", "deadline_ms", "tx_power_w")
USER_TEXTS = ("id", "class")
"""What `where` may ask of a user: numbers and texts."""


def _check_expression(text: str) -> str:
    try:
        expression = parse_expression(text)
    except InputError as error:
        raise problem(str(error)) from None
    for each in expression.comparisons:
        if each.name not in USER_NUMBERS + USER_TEXTS:
            names = (*USER_TEXTS, *USER_NUMBERS)
            raise problem(
                f"users have no attribute {each.name!r}; {suggestion(each.name, names)}accepted: {', '.join(names)}"
            )
        wanted = str if each.name in USER_TEXTS else float
        if not all(isinstance(value, wanted) for value in each.values):
            kind = 'a text in quotes, such as "car"' if wanted is str else "a number"
            raise problem(f"{each.name} is compared with {kind}")
    return text


def _check_polygon(vertices: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    error = polygon_error(vertices)
    if error is not None:
        raise problem(error)
    return vertices


Expression = Annotated[str, Field(strict=True, max_length=LONGEST_EXPRESSION), AfterValidator(_check_expression)]
PolygonVertices = Annotated[
    tuple[tuple[Coordinate, Coordinate], ...], Field(max_length=MOST_VERTICES), AfterValidator(_check_polygon)
]


class Members(Section):
    """Whose twins feed a service: the users for whom everything that is stated holds."""

    ids: tuple[Name, ...] | None = Field(default=None, description="ids of users")
    classes: tuple[Name, ...] | None = Field(
        default=None, description='classes of users; "default": those of no listed class'
    )
    where: Expression | None = Field(
        default=None, description='condition on attributes of users, such as update_mbit > 0.5 and class != "meter"'
    )
    polygon_m: PolygonVertices | None = Field(
        default=None, description="corners [x, y] of a polygon that the users are in; it must not cross itself [m]"
    )

    @model_validator(mode="after")
    def _stated(self) -> Members:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise problem(f"at least one of {', '.join(type(self).model_fields)} must be given")
        for name in ("ids", "classes"):
            listed = getattr(self, name)
            if listed is not None and not listed:
                raise problem("is empty: a service needs members", name)
            if listed is not None and len(set(listed)) < len(listed):
                twice = next(each for each in listed if listed.count(each) > 1)
                raise problem(f"{twice!r} is listed twice", name)
        return self


class Service(Section):
    """A service twin: made of extracts of its members' twins, once a period, on an opened server or in the cloud."""

    name: Name = Field(description="unique name")
    members: Members = Field(description="whose twins feed it")
    extracted_mbit: NonNegative = Field(
        description="extract of one member's twin, sent from its host to the service's once a period [Mbit]"
    )
    work_gcycles: NonNegative = Field(description="work of the service, once a period [Gcycle]")
    period_s: Positive = Field(default=1.0, description="period between its results [s]")
    deadline_ms: Positive | None = Field(
        default=None, description="deadline on the last extract's way and the work together [ms]; null: none"
    )


def check_services(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """The services, if their names differ."""
    names: set[str] = set()
    for index, service in enumerate(services):
        if service.name in names:
            raise problem(f"the name {service.name!r} is given twice", index, "name")
        names.add(service.name)
    return services


Services = Annotated[tuple[Service, ...], Field(max_length=MOST_SERVICES), AfterValidator(check_services)]


def check_service_classes(services: tuple[Service, ...], known: tuple[str, ...]) -> None:
    """Refuse classes that the users do not have."""
    for index, service in enumerate(services):
        for at, name in enumerate(service.members.classes or ()):
            if name not in known:
                accepted = f"accepted: {', '.join(known)}" if known else "users.classes lists none"
                path: tuple[Any, ...] = ("services", index, "members", "classes", at)
                raise problem(f"no users have the class {name!r}; {suggestion(name, known)}{accepted}", *path)
