"""Writing one file so that it is either whole or not there."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinhop.errors import InputError

#: Letters of a name that that of the temporary file begins with: names may not be longer than 255 bytes.
LONGEST_PREFIX = 20


@contextmanager
def replacing(path: str | Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary file beside ``path``; it takes the name of ``path`` at the end, unless an error came first.

    Args:
        path: the file to write; its folder must exist. A link is kept, and what it leads to is written; so is the mode
            of a file that is there.
        overwrite: whether an existing file may be replaced.

    Raises:
        InputError: the file exists and may not be replaced, or cannot be written.
    """
    target = Path(path)
    temporary: Path | None = None
    try:
        if target.is_dir():
            raise InputError(f"{target}: is a folder; a file name is needed")
        if target.exists() and not target.is_file():
            raise InputError(f"{target}: is no regular file; a file name is needed")
        if target.exists() and not overwrite:
            raise InputError(f"{target}: exists already; choose another name, or replace it with --force")
        if target.is_symlink():
            target = target.resolve()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:LONGEST_PREFIX]}.")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
        temporary.replace(target)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
