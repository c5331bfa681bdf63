"""Whether the movement section fits the rest of the scenario."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from twinhop.scenario.fields import problem
from twinhop.scenario.place_sections import Area, Stations
from twinhop.scenario.schema.movement_section import Movement
from twinhop.scenario.schema.radio_section import Radio
from twinhop.scenario.schema.readings import ROW_REDRAWN, Readings
from twinhop.text import suggestion

SHOWN_IDS = 5
"""As many station ids are listed where one is unknown."""


def check_movement(movement: Movement | None, readings: Readings, radio: Radio, stations: Stations, area: Area) -> None:
    """Refuse a movement section that contradicts another section, or a reading that needs one.

    Raises:
        PydanticCustomError: naming the field, as validators of the schema do.
    """
    if movement is None:
        if readings.rows.get(ROW_REDRAWN) == "literal":
            text = f"row {ROW_REDRAWN} redraws the stations as time goes; it can be literal in a scenario with movement"
            raise problem(text, "readings", "rows", str(ROW_REDRAWN))
        return
    _check_model(movement, area)
    _check_redraws(movement, readings)
    if radio.access == "nearest" and "access" in movement.model_fields_set:
        raise problem("has no effect with radio.access: nearest, which follows the distance", "movement", "access")
    _check_schedule(movement, stations)


def _check_model(movement: Movement, area: Area) -> None:
    if movement.trace is not None:
        return
    try:
        movement.mobility.check(area, movement.slot_s)
    except PydanticCustomError as error:
        context = error.context or {}
        raise problem(context["message"], "movement", "model", *context["path"]) from None


def _check_redraws(movement: Movement, readings: Readings) -> None:
    literal = readings.is_literal(ROW_REDRAWN)
    if movement.redraw_every_slots is not None and not literal:
        text = f"has no effect unless readings row {ROW_REDRAWN} is literal"
        raise problem(text, "movement", "redraw_every_slots")
    if literal and movement.cpu.kind == "trace":
        text = f"cannot be a trace where stations are redrawn; read row {ROW_REDRAWN} soundly"
        raise problem(text, "movement", "cpu", "kind")


def _check_schedule(movement: Movement, stations: Stations) -> None:
    ids = _station_ids(stations)
    if movement.failures is None or ids is None:
        return
    for index, outage in enumerate(movement.failures.schedule):
        if outage.station not in ids:
            shown = ", ".join(ids[:SHOWN_IDS]) + (", ..." if len(ids) > SHOWN_IDS else "")
            text = f"unknown station {outage.station!r}; {suggestion(outage.station, ids)}stations: {shown}"
            raise problem(text, "movement", "failures", "schedule", index, "station")


def _station_ids(stations: Stations) -> tuple[str, ...] | None:
    """The ids of the stations; None while they are in a file that has not been read."""
    if stations.rows is not None:
        return tuple(row.id for row in stations.rows)
    return tuple(f"b{index}" for index in range(stations.generate.count)) if stations.generate else None
