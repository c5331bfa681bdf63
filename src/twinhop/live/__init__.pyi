# What `twinhop.live` offers, each name once: `__init__.py` reads where it lives from here, type checkers its type.
from twinhop.live.entry import Entry as Entry
from twinhop.live.entry import Kind as Kind
from twinhop.live.fold import Folded as Folded
from twinhop.live.fold import State as State
from twinhop.live.host import Busy as Busy
from twinhop.live.host import Host as Host
from twinhop.live.host import Stopped as Stopped
from twinhop.live.jobs import Moved as Moved
from twinhop.live.limits import Limits as Limits
from twinhop.live.ports import Checkpoint as Checkpoint
from twinhop.live.ports import Checkpoints as Checkpoints
from twinhop.live.ports import Damaged as Damaged
from twinhop.live.ports import Journal as Journal
from twinhop.live.ports import NoRoom as NoRoom
from twinhop.live.ports import Registry as Registry
from twinhop.live.spec import TwinSpec as TwinSpec
