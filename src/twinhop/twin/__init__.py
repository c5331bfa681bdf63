"""Digital twins of devices and of services: state, history, behaviour models, synchronisation.

Pure: the time is given in every call, randomness is passed in, and nothing is read or written but packs.
"""

from twinhop.twin.dimension import Dimension as Dimension
from twinhop.twin.schema import TwinSchema as TwinSchema
from twinhop.twin.schema import parse_twin_schema as parse_twin_schema
from twinhop.twin.update import Update as Update
