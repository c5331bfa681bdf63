"""The manifest of a packed twin: what is in the pack, with the digest of every part."""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from twinhop.errors import InputError
from twinhop.io.json_text import parse_json
from twinhop.scenario.fields import NonNegative, problem
from twinhop.scenario.validation_errors import input_error
from twinhop.twin.desired import Desired
from twinhop.twin.device_clock import MOST_BEHIND_S
from twinhop.twin.dimension import Dimension, Identifier
from twinhop.twin.history import LARGEST_COUNT, Retention
from twinhop.twin.incarnations import MOST_KNOWN
from twinhop.twin.schema import TwinSchema

FORMAT = "twinhop device twin"
VERSION = 2
"""Version of packs that this program writes, and the newest it reads unless a newer one says that it may."""
MOST_PARTS = 200_000
MOST_SEQ = 2**63 - 1
_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")

Count = Annotated[int, Field(strict=True, ge=0, le=LARGEST_COUNT)]
Seq = Annotated[int, Field(strict=True, ge=0, le=MOST_SEQ)]
Sha256 = Annotated[str, Field(strict=True, pattern="^[0-9a-f]{64}$")]
Time = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def is_plain_name(name: str) -> bool:
    """Whether a name is that of a file alone, safe on any system.

    >>> is_plain_name("state.npy"), is_plain_name("../state.npy"), is_plain_name("C:state.npy")
    (True, False, False)
    """
    return _PLAIN_NAME.fullmatch(name) is not None


def _plain_name(name: str) -> str:
    if not is_plain_name(name):
        raise problem(f"must be a plain file name, not a path (got {name[:80]!r})")
    return name


PartName = Annotated[str, Field(strict=True), AfterValidator(_plain_name)]


class Entry(BaseModel):
    """A part of a manifest: immutable, and open to fields that later versions add."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _known(value: Any, section: type[BaseModel]) -> Any:
    """A mapping without the fields that later versions have added to a section."""
    return (
        {name: each for name, each in value.items() if name in section.model_fields}
        if isinstance(value, dict)
        else value
    )


def _known_schema(value: Any) -> Any:
    schema = _known(value, TwinSchema)
    if isinstance(schema, dict) and isinstance(schema.get("dimensions"), list):
        schema["dimensions"] = [_known(dimension, Dimension) for dimension in schema["dimensions"]]
    return schema


PackedSchema = Annotated[TwinSchema, BeforeValidator(_known_schema)]
PackedDesired = Annotated[Desired, BeforeValidator(lambda value: _known(value, Desired))]
PackedRetention = Annotated[Retention, BeforeValidator(lambda value: _known(value, Retention))]


class PackedModel(Entry):
    """A behaviour model: its arrays are the parts ``model.DIMENSION.ARRAY.npy``."""

    dimension: Identifier = Field(description="the dimension that it predicts")
    kind: Identifier = Field(description="its name in the registry of behaviour models")
    arrays: Annotated[tuple[Identifier, ...], Field(max_length=1000)] = Field(description="names of its arrays")


class PackedHistory(Entry):
    """The history: its chunks are the parts ``SHA256.chunk``, and ``tail.chunk`` is what is not sealed."""

    chunks: Annotated[tuple[Sha256, ...], Field(max_length=MOST_PARTS)] = Field(
        description="digests of the chunks, the oldest first"
    )
    sealed_seq: Seq = Field(description="number of the last record sealed; 0 before the first")
    sealed_time_s: Time | None = Field(description="when it was observed [s]; null before the first")
    sealed_records: Count = Field(description="records sealed since the beginning, dropped ones included")
    retention: PackedRetention = Field(description="how much is kept")


class PackedClock(Entry):
    """The device's clock as the twin sees it; null where nothing is known yet."""

    offset_s: Time = Field(default=0.0, description="taken off every time that the device states [s]")
    stated_s: Time | None = Field(default=None, description="the time that it stated last [s]")
    before_s: Time | None = Field(default=None, description="greatest difference to the reception, window before [s]")
    now_s: Time | None = Field(default=None, description="the same of the present window [s]")
    count: Count = Field(default=0, description="updates in the present window")


class PackedIncarnation(Entry):
    """A start of the device."""

    incarnation: Seq = Field(description="which start; 0: any that comes next")
    base: Seq = Field(description="number in the history before its first update")


class Part(Entry):
    """A member of the archive."""

    name: PartName = Field(description="its name")
    bytes: Count = Field(description="its length [byte]")
    sha256: Sha256 = Field(description="the SHA-256 of its content")


class Manifest(Entry):
    """What is in a pack."""

    format: str = Field(description="what the file is")
    version: Annotated[int, Field(strict=True, ge=1)] = Field(description="version of the pack")
    reader: Annotated[int, Field(strict=True, ge=1)] = Field(description="least version whose programs can read it")
    id: str = Field(description="unique name of the twin")
    attributes: dict[str, Any] = Field(description="hardware and configuration")
    state_schema: PackedSchema = Field(description="the dimensions of the state")
    max_ahead_s: NonNegative = Field(description="how far ahead of their reception updates may be observed [s]")
    max_behind_s: NonNegative | None = Field(
        default=MOST_BEHIND_S, description="how long before their reception updates may be observed [s]; null: no limit"
    )
    clock: PackedClock = Field(default=PackedClock(), description="the device's clock")
    incarnations: Annotated[tuple[PackedIncarnation, ...], Field(max_length=MOST_KNOWN)] | None = Field(
        default=None, description="starts of the device; null in packs of version 1, which know one"
    )
    desired: PackedDesired = Field(default=Desired(), description="settings towards the device")
    revision: Count = Field(description="number of changes of the twin")
    history: PackedHistory = Field(description="the history")
    models: tuple[PackedModel, ...] = Field(description="the behaviour models")
    parts: Annotated[tuple[Part, ...], Field(max_length=MOST_PARTS)] = Field(description="all parts of the archive")

    def text(self) -> bytes:
        """The manifest as JSON, always the same bytes for the same content."""
        return json.dumps(self.model_dump(mode="json"), allow_nan=False).encode()


def read_manifest(text: bytes, where: str) -> Manifest:
    """The manifest of a pack.

    Args:
        text: JSON in UTF-8.
        where: the pack, for messages.

    Raises:
        InputError: it is not the manifest of a device twin, was written by a program too new for this one, or a field
            is missing or wrong.
    """
    try:
        value = parse_json(text.decode(), where)
    except UnicodeDecodeError:
        raise InputError(f"{where}: is not UTF-8 text") from None
    stated_format = value.get("format") if isinstance(value, dict) else None
    if stated_format != FORMAT:
        raise InputError(f"{where}: format: got {str(stated_format)[:80]!r}; expected {FORMAT!r}")
    version, reader = value.get("version"), value.get("reader")
    if isinstance(reader, int) and reader > VERSION:
        raise InputError(
            f"{where}: pack version {version}, which needs a program that reads version {reader}; this one reads up to "
            f"version {VERSION}; use a newer twinhop"
        )
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        raise input_error(error, Manifest, lambda paths: dict.fromkeys(paths, where)) from None


def time_or_null(time_s: float) -> float | None:
    """A time as JSON knows it: minus infinity is null."""
    return None if time_s == -math.inf else time_s
