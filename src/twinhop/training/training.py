"""Training by a configuration, one run or one for each of several seeds, and adapting what was learned elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinhop.errors import InputError
from twinhop.extras import require_extra

if TYPE_CHECKING:
    from twinhop.learn.trainer import Training

DEFAULT_OUT = "out"


def train(
    config: str | Path,
    *,
    out: str | Path | None = None,
    seed: int | None = None,
    seeds: int = 1,
    iterations: int | None = None,
    on_progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> list[Training]:
    """Train, or go on with a run that was stopped.

    Args:
        config: a configuration file, or the name of a configuration of the package.
        out: folder of the run; None: `out/NAME`. With several seeds each has a folder `seed-S` in it.
        seed: root seed in place of the configuration's, or the first of several.
        seeds: how many runs, of seeds that follow each other.
        iterations: in place of the configuration's.
        on_progress: is called with iterations done, iterations in all, and the latest figures.

    Returns:
        What came of each run; the list ends with the one that Ctrl-C ended.

    Raises:
        MissingExtra: packages of the extra are not installed.
        InputError: the configuration is none, or the folder is of another run.
        TwinhopError: losses are no longer finite.
    """
    if seeds < 1:
        raise InputError(f"seeds: got {seeds}; expected at least 1")
    require_extra("learn", "learning")
    from twinhop.learn.config import changed, load_config
    from twinhop.learn.foresight.config import MigrationTrainingConfig
    from twinhop.learn.foresight.run import train_migration
    from twinhop.learn.trainer import train_run

    run_config, root = load_config(config)
    folder = Path(DEFAULT_OUT) / run_config.name if out is None else Path(out)
    first = run_config.seed if seed is None else seed
    results = []
    for own in range(first, first + seeds):
        changes = {"seed": own} | ({} if iterations is None else {"iterations": iterations})
        own_folder = folder / f"seed-{own}" if seeds > 1 else folder
        own_config = changed(run_config, changes)
        if isinstance(own_config, MigrationTrainingConfig):
            results.append(train_migration(own_config, own_folder, root=root, on_progress=on_progress))
        else:
            results.append(train_run(own_config, own_folder, root=root, on_progress=on_progress))
        if results[-1].interrupted:
            break
    return results


TRANSFER_OUT = "out/transfer"
#: Iterations of an adaptation; training from scratch has 2,000.
TRANSFER_ITERATIONS = 500
_TRANSFER_EVALUATIONS = 10


def transfer(
    sources: Sequence[str | Path],
    target: str | Path,
    *,
    out: str | Path | None = None,
    iterations: int | None = None,
    seed: int = 0,
    topologies: str = "random",
    on_progress: Callable[[int, int, dict[str, float]], None] | None = None,
    **takes_over: Any,
) -> Training:
    """Adapt checkpoints to a scenario by Algorithm 2, or go on with that where it was stopped.

    The learner's constants are those of the latest source; its actor learns from the first iteration on.

    Args:
        sources: checkpoints or runs along the trajectory, the latest last.
        target: preset, or a scenario file.
        out: folder of the run; None: `out/transfer`.
        iterations: of the adaptation; None: 500.
        seed: root seed of the run.
        topologies: ``random``: new stations and users of the target's kind in every episode; ``fixed``: its own.
        on_progress: is called with iterations done, iterations in all, and the latest figures.
        **takes_over: fields of a configuration's section ``transfer``: ``weights`` or ``dwell_s``, ``networks``,
            ``share``, ``recency``, ``rho``, ``decay``, ``sum_reading``, ``pull_reading``.

    Returns:
        What came of it; its folder is a policy, ``maddpg:FOLDER``.

    Raises:
        MissingExtra: packages of the extra are not installed.
        InputError: a source is none or does not fit, or a field is not accepted.
    """
    if not sources:
        raise InputError("sources: none is given; expected checkpoints or runs, the latest last")
    require_extra("learn", "learning")
    from twinhop.inference.checkpoint import open_checkpoint
    from twinhop.learn.config import config_of
    from twinhop.learn.foresight.config import MigrationTrainingConfig
    from twinhop.learn.trainer import train_run

    latest = open_checkpoint(sources[-1])
    if latest.algorithm == "primal_dual":
        raise InputError(f"sources: {sources[-1]}: a primal_dual learner has no experience that can be taken over")
    iterations = TRANSFER_ITERATIONS if iterations is None else iterations
    fields = {
        "schema_version": 1,
        "name": "transfer",
        "algorithm": latest.algorithm,
        "scenario": str(target),
        "topologies": topologies,
        "seed": seed,
        "iterations": iterations,
        "checkpoint_every": iterations,
        "evaluation": {"every": max(1, iterations // _TRANSFER_EVALUATIONS)},
        "transfer": {"sources": [str(source) for source in sources], **takes_over},
        **_constants(latest.configuration, takes_over.get("networks", True)),
    }
    folder = Path(TRANSFER_OUT if out is None else out)
    config = config_of(fields, "transfer")
    assert not isinstance(config, MigrationTrainingConfig), "its fields are those of a placement"
    return train_run(config, folder, on_progress=on_progress)


def _constants(configuration: Mapping[str, Any], takes_networks: bool) -> dict[str, Any]:
    """The section of the learner's own constants, and how many environments it lives in."""
    name = configuration["algorithm"]
    section = {key: value for key, value in (configuration.get(name) or {}).items() if key != "iterations"}
    if name != "structured":
        return {"algorithm": name, name: section, "topologies": "fixed"}
    if takes_networks:
        section["critic_only_iterations"] = 0
    return {"structured": section, "environments": configuration["environments"]}
