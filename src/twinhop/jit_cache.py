"""Machine code of compiled functions, kept between processes in the user's own cache folder.

Every state of a function (`jit_key`) has a folder of its own, with a file for each kind of machine. The files are
pickles, so they are never kept in a folder that others may write to. Of Numba this takes no more than that compiled
code can be pickled; where it cannot, or no folder can be used, functions are compiled anew in each process.
"""

import functools
import hashlib
import logging
import os
import pickle
import platform
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps

from twinhop._version import __version__
from twinhop.compile_time import MOMENT_S, compiling, tell
from twinhop.jit_key import Unkeyed, function_key

logger = logging.getLogger(__name__)

#: Names the cache folder in place of the user's own.
FOLDER_VARIABLE = "TWINHOP_CACHE_DIR"
#: Code that was not used for so long is deleted [s].
KEPT_S = 14 * 24 * 3600.0
#: The time of last use is noted to this precision [s].
USE_NOTED_S = 24 * 3600.0
#: Settings of Numba that change the code it writes.
NUMBA_SETTINGS = ("OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "BOUNDSCHECK", "DEBUGINFO_DEFAULT", "DISABLE_INTEL_SVML")
#: Folder of the files by which processes take turns at compiling; nobody is waited for longer than this [s].
TURNS, LONGEST_TURN_S, LOOK_S = "turns", 60.0, 0.02
#: To be raised where the layout of the files changes.
LAYOUT = 1


class Turns:
    """Which process compiles a function, where several would at a time: the others wait, and load what it writes.

    Whoever compiles a function waits for those that it calls alone, so nobody waits in a circle.
    """

    def __init__(self) -> None:
        self._descriptors: dict[Path, int] = {}

    def begin(self, path: Path) -> bool:
        """Take the turn for the code of a file.

        Returns:
            Whether another process had it until now. Where files cannot be locked, everybody compiles.
        """
        if path in self._descriptors:
            return False
        waited = False
        try:
            import fcntl

            place = path.parent.parent / TURNS
            place.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(place / f"{path.parent.name}.{path.stem}", os.O_RDWR | os.O_CREAT, 0o600)
            self._descriptors[path] = descriptor
            begun = time.monotonic()
            while time.monotonic() < begun + LONGEST_TURN_S:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    waited = True
                    time.sleep(LOOK_S)
                    if time.monotonic() > begun + MOMENT_S:
                        compiling.say_waiting()
        except OSError as error:
            logger.info("%s: no turn: %s", path.parent.name, error)
        return waited

    def end(self, path: Path | None) -> None:
        """Give the turn back, which also happens when a process ends."""
        descriptor = None if path is None else self._descriptors.pop(path, None)
        if descriptor is not None:
            os.close(descriptor)


class FunctionCache(NullCache):
    """What Numba asks for the machine code of one function, and gives it to."""

    def __init__(self, function: Dispatcher):
        self._function = function
        self._turns = Turns()

    @property
    def cache_path(self) -> Any:
        """The folder that all functions share; None where none can be used."""
        folder = cache_folder()[0]
        return None if folder is None else str(folder)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for a signature, or None: then this process compiles it, and others wait for it to do so."""
        code = self._load(sig, target_context)
        path = None if code is not None else self._path_or_none(sig, target_context.codegen())
        if path is None:
            return code
        waited = self._turns.begin(path)
        code = self._load(sig, target_context) if waited else None
        if code is not None:
            self._turns.end(path)
        return code

    def _load(self, sig: Any, target_context: Any) -> Any:
        try:
            target_context.refresh()
            path = self._path(sig, target_context.codegen())
            if path is None:
                return None
            code = CompileResult._rebuild(target_context, *pickle.loads(path.read_bytes()))  # noqa: S301 (a file of ours)
            _note_use(path.parent)
        except FileNotFoundError:
            return None
        except Exception as error:  # a file cut short, or written by something else: it is written anew
            logger.info("%s: not read: %s", self._function.__qualname__, error)
            return None
        return code

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep the code for a signature, unless there are addresses of this process in it."""
        try:
            path = self._path(sig, cres.codegen)
            if path is None or cres.library.has_dynamic_globals or cres.lifted:
                return
            is_new = not path.parent.exists()
            path.parent.mkdir(mode=0o700, exist_ok=True)
            draft = path.with_suffix(f".{uuid.uuid4().hex[:16]}")
            draft.write_bytes(dumps(cres._reduce()))
            draft.replace(path)
        except Exception as error:  # a full disk, or a Numba that handles its code otherwise
            _complain(str(error))
        else:
            if is_new:
                _forget_unused(path.parent.parent)
        finally:
            self._turns.end(self._path_or_none(sig, cres.codegen))

    def _path_or_none(self, sig: Any, codegen: Any) -> Path | None:
        try:
            return self._path(sig, codegen)
        except Exception as error:  # a Numba that handles its code otherwise
            logger.info("%s: no file: %s", self._function.__qualname__, error)
            return None

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        folder = cache_folder()[0]
        if folder is None:
            return None
        try:
            key = function_key(self._function, getattr(sig, "args", sig))
        except Unkeyed as reason:
            logger.info("%s: not kept: %s", self._function.__qualname__, reason)
            return None
        machine = hashlib.sha256(repr(codegen.magic_tuple()).encode()).hexdigest()[:8]
        python = self._function.py_func
        name = f"{python.__module__}.{python.__qualname__}".replace("<", "").replace(">", "")
        return folder / f"{name[-100:]}-{key}" / f"{machine}.nbc"


@functools.cache
def cache_folder() -> tuple[Path | None, str]:
    """The folder of this version of all that writes machine code, made where it is not there.

    Returns:
        The folder, or None and why none can be used.
    """
    folder = caches_folder() / f"numba-{numba.__version__}-{__version__}-{_environment()}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.utime(folder)
        state = folder.stat()
    except OSError as error:
        reason = f"{folder.parent}: {error.strerror or error}"
    else:
        if state.st_uid != os.getuid():
            reason = f"{folder} belongs to somebody else"
        elif state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            reason = f"others may write to {folder}"
        elif not os.access(folder, os.W_OK):
            reason = f"{folder} may not be written to"
        else:
            return folder, ""
    compiling.words = (
        f"compiling, anew in each process: no cache folder ({reason}); set {FOLDER_VARIABLE} to a folder of your own"
    )
    return None, reason


def caches_folder() -> Path:
    """The folder of all versions: what TWINHOP_CACHE_DIR names, or the user's own cache folder."""
    import platformdirs

    return Path(os.environ.get(FOLDER_VARIABLE) or platformdirs.user_cache_dir("twinhop")).absolute()


def _environment() -> str:
    """A name for the versions and settings, beside Numba's version, that machine code depends on."""
    settings = [(name, getattr(config, name, None)) for name in NUMBA_SETTINGS]
    own = Path(__file__).with_name("jit.py").read_bytes(), Path(__file__).with_name("jit_key.py").read_bytes()
    versions = LAYOUT, sys.version, platform.machine(), llvmlite.__version__, np.__version__, settings, own
    return hashlib.sha256(repr(versions).encode()).hexdigest()[:12]


def _note_use(folder: Path) -> None:
    if time.time() - folder.stat().st_mtime > USE_NOTED_S:
        os.utime(folder)


@functools.cache
def _complain(reason: str) -> None:
    tell(f"compiled code cannot be kept for later runs: {reason}")


@functools.cache
def _forget_unused(folder: Path) -> None:
    """Once in a process: delete what nobody used for long, here and beside it."""
    before_s = time.time() - KEPT_S
    forget_old(folder.parent.glob("numba-*"), before_s)
    forget_old(folder.iterdir(), before_s)


def forget_old(folders: Iterable[Path], before_s: float) -> None:
    """Delete those folders that were last used before a time, in seconds since 1970."""
    for folder in folders:
        try:
            if folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < before_s:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
