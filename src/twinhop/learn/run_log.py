"""What a run of training logs as it goes: lines of JSON, and events for TensorBoard."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tensorboardX import SummaryWriter

from twinhop.errors import InputError
from twinhop.io.files import replacing

LOG = "log.jsonl"
EVENTS = "tensorboard"


class RunLog:
    """The log of a run, which goes on where a checkpoint was written.

    Args:
        folder: of the run.
        iteration: at which the run goes on; what was logged of later ones is dropped.

    Raises:
        InputError: the log cannot be read or written.
    """

    def __init__(self, folder: Path, iteration: int) -> None:
        self._path = folder / LOG
        _keep_until(self._path, iteration)
        self._events = SummaryWriter(logdir=str(folder / EVENTS), purge_step=iteration + 1, flush_secs=10)

    def log(self, iteration: int, values: Mapping[str, float]) -> None:
        """Add what is known after an iteration."""
        line = json.dumps({"iteration": iteration, **values}, allow_nan=False)
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")
            for name, value in values.items():
                self._events.add_scalar(name, value, iteration)
        except OSError as error:
            raise InputError(f"{self._path}: cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Write out what is left."""
        self._events.close()


def _keep_until(path: Path, iteration: int) -> None:
    if not path.exists():
        return
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            if json.loads(line)["iteration"] <= iteration:
                lines.append(line)
        except (ValueError, KeyError, TypeError):
            continue  # a line that a kill cut off
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
