"""What is derived from what became of entries: last positions and loads, services, events."""

from twinhop.live.projections.events import Event as Event
from twinhop.live.projections.events import EventRing as EventRing
from twinhop.live.projections.events import Gone as Gone
from twinhop.live.projections.rebuilding import rebuild as rebuild
from twinhop.live.projections.roster import Roster as Roster
from twinhop.live.projections.roster import RosterRows as RosterRows
from twinhop.live.projections.services import ServiceDefinition as ServiceDefinition
from twinhop.live.projections.services import Services as Services
from twinhop.live.projections.services import ServiceView as ServiceView
