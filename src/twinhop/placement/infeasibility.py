"""What is said of a problem that has no feasible plan."""

from dataclasses import dataclass

from twinhop.errors import TwinhopError


@dataclass(frozen=True)
class InfeasibilityProof:
    """Why no plan exists.

    Attributes:
        kind: ``unreachable`` (users without any arc), ``capacity`` (more users than the seats open to them: Hall's
            condition fails), ``deadlines`` (the users' minimum CPU shares fit on no combination of stations) or
            ``demand`` (a demand exceeds every station's capacity, or no way to share the demands out fits).
        message: the reason in words.
        users: indices of the users that make it so.
        stations: indices of the stations open to them.
        minimal: for ``deadlines`` and for demands that cannot be shared out: True where without any one of these users
            the others fit, False where nobody had the time to find out; None where it was not looked at.
    """

    kind: str
    message: str
    users: tuple[int, ...]
    stations: tuple[int, ...]
    minimal: bool | None = None


class InfeasibleProblem(TwinhopError):
    """Raised where a problem is proved to have no feasible plan.

    Attributes:
        proof: users and stations that make it so.
    """

    def __init__(self, proof: InfeasibilityProof):
        super().__init__(f"infeasible: {proof.message}")
        self.proof = proof
