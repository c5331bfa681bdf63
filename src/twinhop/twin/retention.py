"""How much of its history a twin keeps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from twinhop.scenario.fields import Positive, Section

LARGEST_COUNT = 2**53


class Retention(Section):
    """Limits of a twin's history; without any, all is kept.

    Whole chunks are dropped, the oldest first, so that age and count keep at least what they say: a chunk goes once no
    record in it is wanted. The limit on bytes is never exceeded.
    """

    max_age_s: Positive | None = Field(
        default=None, description="records this much older than the newest one are not wanted [s]; null: no limit"
    )
    max_records: Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)] | None = Field(
        default=None, description="records wanted, the newest; null: no limit"
    )
    max_bytes: Annotated[int, Field(strict=True, ge=1, le=LARGEST_COUNT)] | None = Field(
        default=None, description="bytes that chunks and tail may take [byte]; null: no limit"
    )
