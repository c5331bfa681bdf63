"""The scenario section that chooses between what the paper prints and what it must mean, row by row."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from twinhop.scenario.fields import Section, problem

Reading = Literal["sound", "literal"]

#: Rows of the table of readings (docs/readings.md), each by what is read there.
ROW_WIRED_HOP, ROW_NO_ASSOCIATION, ROW_LATENCY_WEIGHT, ROW_SYNCHRONISATION, ROW_CYCLES_PER_BIT = 1, 2, 3, 4, 5
ROW_ACCESS_CPU, ROW_INTERACTION, ROW_UNLINKED, ROW_CPU_RULE, ROW_MOVE_ENERGY, ROW_UTILITY_SCALE = 6, 7, 8, 9, 10, 11
ROW_TWINS_COUNTED, ROW_REDRAWN, ROW_LOGARITHM = 15, 25, 26

PLACEMENT_ROWS = (
    *(ROW_WIRED_HOP, ROW_NO_ASSOCIATION, ROW_LATENCY_WEIGHT, ROW_SYNCHRONISATION, ROW_CYCLES_PER_BIT),
    *(ROW_ACCESS_CPU, ROW_INTERACTION, ROW_UNLINKED, ROW_CPU_RULE, ROW_MOVE_ENERGY, ROW_UTILITY_SCALE),
    *(ROW_TWINS_COUNTED, ROW_LOGARITHM),
)
"""Rows of the table of readings (docs/readings.md) that a placement can take literally."""
EVALUATED_ROWS = (ROW_NO_ASSOCIATION, ROW_ACCESS_CPU, ROW_TWINS_COUNTED)
"""Rows whose literal term no decision changes: plans are made under the sound term and priced under both."""
SWITCHABLE_ROWS = tuple(sorted((*PLACEMENT_ROWS, ROW_REDRAWN)))
"""Those, and stations redrawn as time goes: only a scenario with a movement section can be read so."""

SET_ELSEWHERE = {
    12: "by the migration policy: `utility` or `utility_literal`",
    13: "nowhere: the observation `flat` always has CPU and load of the stations",
    14: "nowhere: one rule decodes all actions",
    16: "by `reading` of the environment",
    17: "nowhere: both learners take the target as meant",
    18: "by `updates` of a training configuration's section `literal`",
    19: "by `twinhop transfer --sum`, `sum_reading` of a training configuration",
    20: "by `twinhop transfer --pull`, `pull_reading` of a training configuration",
    21: "nowhere: what was trained is kept",
    22: "by the migration policy: `utility` or `utility_literal`",
    23: "nowhere: `twinhop reproduce lu2021` reports both",
    24: "nowhere: `twinhop reproduce lu2021` measures it",
}
"""Where the reading of each other row is set."""


class Readings(Section):
    """Which reading of the paper each row of the table of readings takes."""

    default: Reading = Field(
        default="sound",
        description="reading of the rows that are not listed; without movement row 25 is read soundly in any case",
    )
    rows: dict[int, Reading] = Field(default={}, description=f"reading by table row, among {SWITCHABLE_ROWS}")

    @model_validator(mode="after")
    def _known_rows(self) -> Readings:
        for row in self.rows:
            if row not in SWITCHABLE_ROWS:
                accepted = ", ".join(map(str, SWITCHABLE_ROWS))
                elsewhere = f" (its reading is set {SET_ELSEWHERE[row]})" if row in SET_ELSEWHERE else ""
                raise problem(f"row {row} cannot be switched{elsewhere}; accepted rows: {accepted}", "rows", str(row))
        return self

    def is_literal(self, row: int) -> bool:
        """Whether the row is read as printed.

        Raises:
            ValueError: if the row cannot be switched.

        >>> Readings(default="sound", rows={26: "literal"}).is_literal(26)
        True
        """
        if row not in SWITCHABLE_ROWS:
            raise ValueError(f"row {row} is not implemented; implemented rows: {SWITCHABLE_ROWS}")
        return self.rows.get(row, self.default) == "literal"

    def evaluated(self) -> tuple[int, ...]:
        """The literal rows that are evaluated, not optimised.

        >>> Readings(default="literal", rows={6: "sound"}).evaluated()
        (2, 15)
        """
        return tuple(row for row in EVALUATED_ROWS if self.is_literal(row))
