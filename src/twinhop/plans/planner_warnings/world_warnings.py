"""What `describe` and `plan` warn of, in the same words."""

from __future__ import annotations

from twinhop.formulation import AccessLinks, RadioState
from twinhop.plans.planner_warnings.positions import EXTENT, SWAPPED, position_warnings
from twinhop.plans.planner_warnings.radio_load import RADIO_OVERLOAD, radio_load_warnings
from twinhop.plans.planner_warnings.reach import REACH_CODES, reach_warnings
from twinhop.plans.planner_warnings.units import UNITS, unit_warnings
from twinhop.plans.planner_warnings.warning import PlannerWarning
from twinhop.scenario import World

#: Of these the input is likely to be at fault; the others are true of a world as it is.
FAULTS = (*REACH_CODES, SWAPPED, EXTENT, UNITS)


def world_warnings(world: World, radio: RadioState | AccessLinks) -> tuple[PlannerWarning, ...]:
    """What is odd about a world, whatever is decided, the gravest first.

    Where users are out of reach, or one decides the mean, extent and radio are not said besides: they follow from it.

    Args:
        world: stations and users.
        radio: its radio state.
    """
    said = (
        *reach_warnings(world, radio),
        *position_warnings(world),
        *unit_warnings(world),
        *radio_load_warnings(world, radio),
    )
    lost = any(each.code in REACH_CODES for each in said)
    return tuple(each for each in said if not (lost and each.code in (EXTENT, RADIO_OVERLOAD)))
