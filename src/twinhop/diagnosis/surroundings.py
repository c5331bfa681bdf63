"""The cache of compiled functions, the terminal, variables of the environment, and programs of others."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from twinhop.diagnosis.check import Check
from twinhop.diagnosis.machine import GIB, LITTLE_DISK
from twinhop.text import counted

#: Variables that set how many threads, and what, libraries use.
VARIABLES = (
    *("TWINHOP_CACHE_DIR", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"),
    *("NUMBA_DISABLE_JIT", "NUMBA_OPT", "POLARS_MAX_THREADS", "XLA_FLAGS", "JAX_PLATFORMS", "JAX_DISABLE_JIT"),
    *("CUDA_VISIBLE_DEVICES", "SUMO_HOME", "PYTHONPATH", "PYTHONOPTIMIZE"),
)
#: Values with which loops are not compiled.
SLOW = {"NUMBA_DISABLE_JIT": "every loop is interpreted", "JAX_DISABLE_JIT": "learning is interpreted"}
NARROW = 80
MIB = 2**20


def cache_checks() -> Iterator[Check]:
    """Where compiled functions are kept, how much that is, and whether it can be used."""
    topic = "cache of compiled functions"
    try:
        from twinhop.jit_cache import FOLDER_VARIABLE, TURNS, cache_folder, caches_folder

        place = caches_folder()
        folder, reason = cache_folder()
    except Exception as error:  # Numba is broken, which is said among the packages
        yield Check(topic, "folder", f"not known: {type(error).__name__}: {error}", "problem", "see numba above")
        return
    if folder is None:
        yield Check(
            topic,
            "folder",
            f"cannot be used ({reason}): every process compiles anew, about half a minute",
            "problem",
            f"set {FOLDER_VARIABLE} to a folder of your own",
        )
        return
    yield Check(topic, "folder", str(folder))
    functions = [path for path in folder.iterdir() if path.is_dir() and path.name != TURNS]
    own, every = _size(folder), _size(place)
    words = f"{len(functions)} functions, {own / MIB:.1f} MiB; of all versions {every / MIB:.1f} MiB"
    note = "" if functions else "the first plan compiles, about half a minute"
    yield Check(topic, "size", words, "ok" if functions else "note", note)
    held = _turns_held(folder / TURNS)
    words = f"another process compiles {counted(held, 'function')}" if held else "nobody compiles"
    yield Check(topic, "locks", words, "note" if held else "ok", "it waits for that at most a minute" if held else "")
    free = shutil.disk_usage(folder).free
    is_full = free < LITTLE_DISK
    advice = f"make room, or set {FOLDER_VARIABLE} to a folder elsewhere" if is_full else ""
    yield Check(topic, "disk", f"{free / GIB:.1f} GiB free", "problem" if is_full else "ok", advice)


def _size(folder: Path) -> int:
    """Bytes of the files below a folder; those that vanish meanwhile are passed over."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(where) / name).stat().st_size
            except OSError:
                continue
    return total


def _turns_held(folder: Path) -> int:
    """How many functions another process holds the turn of."""
    held = 0
    try:
        import fcntl

        for path in folder.iterdir():
            with path.open("rb") as stream:
                try:
                    fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    held += 1
    except (ImportError, OSError):
        return held
    return held


def folder_checks() -> Iterator[Check]:
    """Folders that are written to."""
    topic = "folders"
    for name, find in (("temporary files", tempfile.gettempdir), ("here", os.getcwd)):
        try:
            folder = find()
        except OSError as error:
            yield Check(topic, name, f"there is none: {error}", "problem", "set TMPDIR, or go to another folder")
            continue
        if os.access(folder, os.W_OK):
            yield Check(topic, name, folder)
        else:
            yield Check(topic, name, f"{folder} cannot be written", "note", "give --out a folder that can be")


def variable_checks() -> Iterator[Check]:
    """Variables of the environment that change how libraries of twinhop work."""
    topic = "environment variables"
    there = [name for name in VARIABLES if os.environ.get(name)]
    if not there:
        yield Check(topic, "set", "none that matter")
    for name in there:
        value = os.environ[name]
        if name in SLOW and value not in ("0", "false", "False"):
            yield Check(topic, name, f"{value}: {SLOW[name]}", "problem", f"unset {name}")
        else:
            yield Check(topic, name, value)


def terminal_checks() -> Iterator[Check]:
    """What standard output takes."""
    topic = "terminal"
    encoding = (getattr(sys.stdout, "encoding", None) or "none").lower()
    is_utf = encoding.replace("-", "").startswith("utf")
    advice = "" if is_utf else "letters that it lacks are written as escapes; set PYTHONIOENCODING=utf-8"
    yield Check(topic, "encoding", encoding, "ok" if is_utf else "note", advice)
    if not sys.stdout.isatty():
        yield Check(topic, "width", "no terminal: tables are as wide as they are")
        return
    width = shutil.get_terminal_size().columns
    is_narrow = width < NARROW
    advice = f"tables are folded and help is plain below {NARROW} columns" if is_narrow else ""
    yield Check(topic, "width", f"{width} columns", "note" if is_narrow else "ok", advice)


def program_checks() -> Iterator[Check]:
    """Programs of others that some options run."""
    for name, use in (("ffmpeg", "--animate mp4"), ("sumo", "import sumo, beside the extra sumo")):
        yield Check("programs", name, shutil.which(name) or f"not on the PATH; it is for {use}")
