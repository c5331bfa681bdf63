"""Training by a configuration: one run, or one for each of several seeds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from twinhop.errors import InputError

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
        InputError: the configuration is none, or the folder is of another run.
        TwinhopError: losses are no longer finite.
    """
    if seeds < 1:
        raise InputError(f"seeds: got {seeds}; expected at least 1")
    try:
        from twinhop.learn.config import changed, load_config
        from twinhop.learn.trainer import train_run
    except ModuleNotFoundError as error:
        raise InputError(f"learning needs {error.name}; install twinhop[learn]") from None
    run_config, root = load_config(config)
    folder = Path(DEFAULT_OUT) / run_config.name if out is None else Path(out)
    first = run_config.seed if seed is None else seed
    results = []
    for own in range(first, first + seeds):
        changes = {"seed": own} | ({} if iterations is None else {"iterations": iterations})
        own_folder = folder / f"seed-{own}" if seeds > 1 else folder
        results.append(train_run(changed(run_config, changes), own_folder, root=root, on_progress=on_progress))
        if results[-1].interrupted:
            break
    return results
