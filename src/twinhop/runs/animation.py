"""The kinds of animation that a run may end with."""

import shutil
from typing import Literal

from twinhop.errors import InputError

Animation = Literal["gif", "mp4", "none"]


def require_writer(animation: Animation) -> None:
    """Refuse an animation that cannot be written here.

    Raises:
        InputError: MP4 is asked for, and the program ffmpeg is not there.
    """
    if animation == "mp4" and shutil.which("ffmpeg") is None:
        raise InputError("--animate mp4: needs the program ffmpeg, which is not found; install it or use --animate gif")
