"""`transfer:PATH` as a migration policy: learned weights propose, and adapt while twins move (Algorithm 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twinhop.errors import InputError
from twinhop.inference.migration_policy import LearnedMigration
from twinhop.inference.policy import observed_instance
from twinhop.migration.policy import PolicyKind
from twinhop.migration.run import MigrationRun
from twinhop.placement.policy import Setting
from twinhop.placement.problem import PlacementProblem

if TYPE_CHECKING:
    from twinhop.inference import Decider

ENVIRONMENTS, REPLAY_SLOTS = 4, 128
_SEEDS = 2**31


class TransferMigration(LearnedMigration):
    """A policy that learned elsewhere, adapting online.

    In every slot the problem that is decided on goes into a memory of the last slots. The learner then lives through
    what is there, tries other placements, whose costs are known, and goes on for some updates by Algorithm 2: from the
    weights and with the experience that it brought along, towards which it is pulled less and less. Whoever moves is
    decided as by `maddpg`, with the weights as they are then. Nothing of the slots to come is looked at.
    """

    def __init__(self, run: MigrationRun, rng: np.random.Generator, path: str, **settings: Any) -> None:
        super().__init__(path, settings["decode"], settings["polish"], settings["horizon"])
        self._settings, self._path = settings, path
        self._seed = int(rng.integers(_SEEDS))
        self._size = len(run.user_ids), len(run.host_ids)
        self._adapted: _Adapted | None = None

    def _decider_now(self, problem: PlacementProblem) -> Decider:
        """The weights, after the updates of this slot."""
        from twinhop.learn.instance import padded

        if self._settings["updates"] == 0:
            return self._decider
        instance = padded(observed_instance(problem), *self._size)
        if self._adapted is None:
            self._adapted = _Adapted(self._path, self._settings, self._size, self._seed)
        return self._adapted.after(instance)


class _Adapted:
    """The learner and its memory of the last slots."""

    def __init__(self, path: str, settings: dict[str, Any], size: tuple[int, int], seed: int) -> None:
        self._path, self._settings, self._size, self._seed = path, settings, size, seed
        self._rows, self._state = 0, None
        self._bank: Any = None

    def after(self, instance: Any) -> Decider:
        """Go on once the instance of a slot is there."""
        from twinhop.inference import Decider
        from twinhop.learn.measured_run import advance_compiled

        rows = self._settings["memory"]
        if self._bank is None:  # until the memory is full, the first slot stands in every row that is left
            self._bank = type(instance)(*(np.stack([each] * rows) for each in instance))
        for column, each in zip(self._bank, instance, strict=True):
            column[self._rows % rows] = each
        self._rows += 1
        source = self._source()
        if self._state is None:
            self._begin(source)
        self._state, _ = advance_compiled(self._learner, self._state, source, self._settings["updates"])
        return Decider(self._learner.weights(self._state))

    def _source(self) -> Any:
        from twinhop.learn.sources import BankSource

        bank = type(self._bank)(*(each.copy() for each in self._bank))
        return BankSource(bank, ENVIRONMENTS, horizon=1)

    def _begin(self, source: Any) -> None:
        import jax

        from twinhop.inference.checkpoint import open_checkpoint
        from twinhop.learn.checkpoint import load_state_part
        from twinhop.learn.structured import StructuredConfig, StructuredMaddpg
        from twinhop.learn.transfer import Adaptation, Approach, Inheritance, Place, fitted

        checkpoint = open_checkpoint(self._path)
        constants = {**(checkpoint.configuration.get("structured") or {})}
        constants |= {"iterations": self._settings["lasts"], "critic_only_iterations": 0, "replay_slots": REPLAY_SLOTS}
        constants["noise"] = self._settings["noise"]
        algorithm = StructuredMaddpg(StructuredConfig.model_validate(constants))
        shapes = jax.eval_shape(algorithm.start, jax.random.key(0), source)
        networks = load_state_part(checkpoint, shapes, algorithm.networks)
        share, replay = self._settings["share"], None
        if share > 0:
            replay = load_state_part(checkpoint, shapes, lambda run: run.replay, any_size=True)
            users, stations = replay.entries.host.shape[2], replay.entries.obs.capacity.shape[2]
            if int(replay.total) == 0 or users > self._size[0] or stations > self._size[1]:
                raise InputError(
                    f"transfer: {self._path}: its experience of {users} users, {stations} stations does not fit a run "
                    f"of {self._size[0]} and {self._size[1]}; give share=0, or a checkpoint of a network no larger"
                )
            replay = fitted(replay, ENVIRONMENTS, *self._size)
        self._learner = Adaptation(algorithm)
        approach = Approach(self._settings["rho"], self._settings["decay"])
        places = [Place(self._path, networks, replay)]
        self._state = self._learner.start(
            jax.random.key(self._seed), source, places, Inheritance((1.0,), share), approach
        )


def transfer(run: MigrationRun, rng: np.random.Generator, path: str, **settings: Any) -> TransferMigration:
    """The policy for a run.

    Raises:
        InputError: no path is given, or a number is out of range.
    """
    if not path:
        raise InputError("transfer: names no checkpoint; expected transfer:PATH, a run of `twinhop train` or transfer")
    for name in ("share", "rho", "decay"):
        if not 0 <= settings[name] <= 1:
            raise InputError(f"transfer: {name}: got {settings[name]:g}; expected a number from 0 to 1")
    return TransferMigration(run, rng, path, **settings)


KIND = PolicyKind(
    transfer,
    "as maddpg, and its weights adapt to the network slot by slot (Algorithm 2)",
    {
        "path": Setting("", "checkpoint or run that has kept its state; also given as transfer:PATH"),
        "decode": Setting("calibrated", "how scores become hosts", accepted=("calibrated", "argmax")),
        "polish": Setting(10, "best local moves after that"),
        "horizon": Setting(10, "slots over which the cost of a move is spread", least=1),
        "updates": Setting(2, "updates in a slot; 0: none, as maddpg"),
        "memory": Setting(32, "slots that are learned from", least=1),
        "share": Setting(0.25, "of the replay memory that experience of before fills"),
        "rho": Setting(0.05, "pull of the weights brought along, at first"),
        "decay": Setting(0.9, "factor of the pull in each update"),
        "noise": Setting(1.0, "deviation of the noise of actions tried [logit]"),
        "lasts": Setting(2000, "updates over which steps and noise fall", least=1),
    },
)
