"""The controller of a live city: placements with their certificates, moves, and recordings that can be replayed."""

from twinhop.live.control.config import ControllerConfig as ControllerConfig
from twinhop.live.control.controller import Controller as Controller
from twinhop.live.control.controller import check_city as check_city
from twinhop.live.control.errors import Conflict as Conflict
from twinhop.live.control.errors import UnknownRecord as UnknownRecord
from twinhop.live.control.records import MODES as MODES
from twinhop.live.control.records import HostRow as HostRow
from twinhop.live.control.records import Mode as Mode
from twinhop.live.control.records import MoveRecord as MoveRecord
from twinhop.live.control.records import PlacementRow as PlacementRow
from twinhop.live.control.records import PlanRecord as PlanRecord
from twinhop.live.control.records import StationRow as StationRow
from twinhop.live.control.records import Worth as Worth
