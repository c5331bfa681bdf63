"""The one place that starts processes: workers that run functions, pools of them, and other programs.

A worker is a fresh interpreter that imports nothing of the caller's main module: a script needs no guard
``if __name__ == "__main__"``, and notebooks, daemons, ``python -c`` and scripts from a pipe may start workers as well.
It ends with the process that started it, however that one ends, and leaves Ctrl-C to it.
"""

from twinhop.processes.pool import Progress as Progress
from twinhop.processes.pool import in_processes as in_processes
from twinhop.processes.program import run_program as run_program
from twinhop.processes.watched import NoAnswer as NoAnswer
from twinhop.processes.watched import deciding as deciding
from twinhop.processes.watched import watched as watched
from twinhop.processes.worker import ProcessDied as ProcessDied
from twinhop.processes.worker import Worker as Worker
from twinhop.processes.worker import can_start as can_start
from twinhop.processes.worker import died_of as died_of
