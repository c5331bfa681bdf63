"""Digital twins of devices and of services: state, history, behaviour models, synchronisation.

Pure: the time is given in every call, randomness is passed in, and nothing is read or written but packs.
"""

from twinhop.twin.answer import Applied as Applied
from twinhop.twin.answer import ClockState as ClockState
from twinhop.twin.answer import Outcome as Outcome
from twinhop.twin.answer import Reason as Reason
from twinhop.twin.chunk import Chunk as Chunk
from twinhop.twin.desired import Desired as Desired
from twinhop.twin.device_clock import DeviceClock as DeviceClock
from twinhop.twin.device_twin import DeviceTwin as DeviceTwin
from twinhop.twin.dimension import Dimension as Dimension
from twinhop.twin.history import History as History
from twinhop.twin.history import Retention as Retention
from twinhop.twin.pack import pack as pack
from twinhop.twin.pack import packed as packed
from twinhop.twin.pack import resume as resume
from twinhop.twin.pack import unpacked as unpacked
from twinhop.twin.records import Records as Records
from twinhop.twin.records import Update as Update
from twinhop.twin.schema import TwinSchema as TwinSchema
from twinhop.twin.schema import parse_twin_schema as parse_twin_schema
