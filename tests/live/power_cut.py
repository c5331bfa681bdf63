"""A file system for SQLite that forgets what was not synced, and that fails after so many operations."""

import random
from pathlib import Path

import apsw


class PowerCut(Exception):
    """The operation at which the power went."""


class Disk:
    """What is on the platters, and what only the cache holds.

    Args:
        name: of the layer in SQLite.
        operations: writes, syncs and cuts of files that succeed; at the next the power goes, for good.
    """

    def __init__(self, name, operations):
        self.name, self.left, self.is_out = name, operations, False
        self.durable: dict[str, bytearray] = {}
        self.cached: dict[str, list] = {}
        self.layer = _Layer(self)

    def count(self):
        self.left -= 1
        if self.left < 0:
            self.is_out = True
        if self.is_out:
            raise PowerCut

    def wrote(self, path, offset, content):
        self.cached.setdefault(path, []).append((offset, bytes(content)))

    def cut_to(self, path, size):
        self.cached.setdefault(path, []).append((size, None))

    def synced(self, path):
        durable = self.durable.setdefault(path, bytearray())
        for change in self.cached.pop(path, ()):
            _apply(durable, *change)

    def deleted(self, path):
        self.durable.pop(path, None)
        self.cached.pop(path, None)

    def after(self, seed):
        """Write the files as they are when the power is back: what was synced, and of the rest nothing, or a part."""
        self.layer.unregister()
        rng, luck = random.Random(seed), (0.0, 0.3)[seed % 2]
        for path in {*self.durable, *self.cached}:
            content = bytearray(self.durable.get(path, b""))
            for change in self.cached.get(path, ()):
                if rng.random() < luck:
                    _apply(content, *change)
            Path(path).write_bytes(content)


def _apply(content, offset, written):
    if written is None:
        del content[offset:]
        return
    content.extend(bytes(max(offset - len(content), 0)))
    content[offset : offset + len(written)] = written


class _Layer(apsw.VFS):
    def __init__(self, disk):
        self.disk = disk
        super().__init__(disk.name, "")

    def xOpen(self, name, flags):
        return _File(self.disk, name, flags)

    def xDelete(self, filename, syncdir):
        self.disk.deleted(filename)
        super().xDelete(filename, syncdir)


class _File(apsw.VFSFile):
    def __init__(self, disk, name, flags):
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)

    def xWrite(self, data, offset):
        self.disk.count()
        super().xWrite(data, offset)
        self.disk.wrote(self.path, offset, data)

    def xTruncate(self, newsize):
        self.disk.count()
        super().xTruncate(newsize)
        self.disk.cut_to(self.path, newsize)

    def xSync(self, flags):
        self.disk.count()
        self.disk.synced(self.path)
