"""Journal, registry and checkpoints in a folder, on SQLite through apsw."""

from twinhop.live.sqlite.folder import Folder as Folder
from twinhop.live.sqlite.folder import open_folder as open_folder
