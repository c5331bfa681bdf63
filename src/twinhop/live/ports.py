"""What a host needs of an engine that keeps things: a journal, a registry, checkpoints.

Every call blocks, is made from one thread, and is durable when it returns; calls that write raise `NoRoom` where the
engine is full. Positions and revisions ascend and need not
be dense, so that an engine may derive them from its own sequence numbers (a message that holds a batch, and the place
in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twinhop.errors import InputError


class Damaged(InputError):
    """Something that is kept of one twin is not as it was written."""


class NoRoom(InputError):
    """The engine is full: nothing of the call was written, and it may be made again once there is room."""


class Journal(Protocol):
    """The records of one host, in the order in which they became durable."""

    def append(self, records: Sequence[bytes]) -> list[int]:
        """Write records: when this returns they are on disk, and when it raises none was acknowledged.

        Returns:
            The position of each, from 1, above all positions before, those of trimmed records included.
        """
        ...

    def read(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """The first records above a position, at most so many, in order.

        Raises:
            InputError: a record is not as it was written; the message names its position.
        """
        ...

    @property
    def last(self) -> int:
        """Position of the newest record ever written; 0 before the first."""
        ...

    @property
    def mark(self) -> int:
        """Low-water mark: records up to here are covered by checkpoints; 0 at first."""
        ...

    def trim(self, mark: int) -> None:
        """Raise the mark, and remove the records up to it: nothing of them is left in the engine's files.

        Args:
            mark: not below the present one, which it replaces.
        """
        ...


class Copy(Protocol):
    """A copy that is being made of a part of an engine, on the thread that uses that part."""

    def step(self) -> bool:
        """Copy some more, so little that others need not wait; whether it is whole and durable, as of now."""
        ...

    def close(self) -> None:
        """Give it up before it is whole."""
        ...


@dataclass(frozen=True, slots=True)
class Versioned:
    """A value of the registry.

    Attributes:
        value: the bytes.
        revision: changes with every write of the key, above all before it.
    """

    value: bytes
    revision: int


class Registry(Protocol):
    """Small values by key; writes compare and set, so that of two who write at once one fails."""

    def get(self, key: str) -> Versioned | None:
        """The value of a key; None: there is none."""
        ...

    def put(self, key: str, value: bytes, expected: int | None) -> int | None:
        """Write a value.

        Args:
            key: its name.
            value: the bytes.
            expected: revision of the value that it replaces; None: there must be none.

        Returns:
            The new revision; None: another revision was there, and nothing was written.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove a key; nothing of it is left in the engine's files. A key that is not there is no error."""
        ...

    def items(self, prefix: str) -> list[tuple[str, Versioned]]:
        """The keys that begin so, ascending, with their values."""
        ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """From which a twin goes on.

    Attributes:
        twin: its id.
        epoch: of the owner who wrote it.
        position: of the last record of the journal that it covers.
        head: what changes with every checkpoint.
        chunks: digests of the immutable chunks that it needs, in order.
    """

    twin: str
    epoch: int
    position: int
    head: bytes
    chunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """A checkpoint to be written.

    Attributes:
        checkpoint: what.
        expected: revision of the one that it replaces; None: there must be none.
        payloads: chunks that are new since that one, by digest.
    """

    checkpoint: Checkpoint
    expected: int | None
    payloads: Mapping[str, bytes] = field(default_factory=dict)


class Checkpoints(Protocol):
    """The newest checkpoint of every twin; chunks are stored once by digest and shared."""

    def put(self, writes: Sequence[Write]) -> list[int | None]:
        """Write checkpoints, each whole or not at all.

        Returns:
            The new revision of each; None: another revision was there, or the epoch of what is there is newer.
        """
        ...

    def get(self, twin: str) -> tuple[Checkpoint, int] | None:
        """The checkpoint of a twin and its revision; None: there is none.

        Raises:
            Damaged: it is not as it was written.
        """
        ...

    def chunk(self, digest: str) -> bytes:
        """The chunk of a digest.

        Raises:
            Damaged: there is none, or it is not as it was written.
        """
        ...

    def delete(self, twin: str) -> None:
        """Remove a twin's checkpoint and the chunks that no other needs; nothing of them is left in the files."""
        ...
