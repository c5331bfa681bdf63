"""A warning that a planner needs: what is odd, where, and what would mend it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PlannerWarning:
    """Something about a world or plan that makes answers mean less than they seem to.

    Attributes:
        code: a name for machines, such as ``out_of_reach``.
        message: what, where, and what would mend it.
    """

    code: str
    message: str

    def to_json(self) -> dict[str, str]:
        """As plain values."""
        return {"code": self.code, "message": self.message}
