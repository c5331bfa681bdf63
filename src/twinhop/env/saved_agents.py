"""Agents that Stable-Baselines3 or sb3-contrib has saved, by their names: ``SB3:PATH``, ``SB3:PPO:PATH``.

Such a file holds pickles: whoever loads it runs what its author put there. It is loaded because the user names it, and
only files of this kind are.
"""

from __future__ import annotations

import importlib
import json
import zipfile
from pathlib import Path
from typing import Any

from twinhop.errors import InputError
from twinhop.own_code import SAVED_AGENT
from twinhop.text import suggestion

#: Algorithms by their names, and the packages that have them: those whose actions the environment takes.
ALGORITHMS = {
    **dict.fromkeys(("PPO", "A2C", "SAC", "TD3", "DDPG"), "stable_baselines3"),
    **dict.fromkeys(("MaskablePPO", "RecurrentPPO", "TRPO", "TQC", "ARS", "CrossQ"), "sb3_contrib"),
}
DISTRIBUTIONS = {"stable_baselines3": "stable-baselines3", "sb3_contrib": "sb3-contrib"}
#: What the names of the modules of policies say of the algorithm.
_BY_MODULE = {".maskable.": "MaskablePPO", ".recurrent.": "RecurrentPPO", ".sac.": "SAC", ".td3.": "TD3"} | {
    ".tqc.": "TQC",
    ".ars.": "ARS",
    ".crossq.": "CrossQ",
}


def load_model(text: str) -> tuple[str, Any]:
    """Load an agent.

    Args:
        text: ``SB3:PATH``, where the file says which algorithm it is of, or ``SB3:ALGORITHM:PATH``.

    Returns:
        A name, and the model.

    Raises:
        InputError: there is no such file or algorithm, its package is not installed, or the file cannot be loaded.
    """
    rest = text.removeprefix(SAVED_AGENT)
    named, colon, path = rest.partition(":")
    if not colon or named not in ALGORITHMS:
        if colon and "/" not in named and "." not in named and len(named) > 1:
            accepted = ", ".join(ALGORITHMS)
            raise InputError(
                f"policy: {text}: no algorithm named '{named}'; {suggestion(named, ALGORITHMS)}accepted: {accepted}"
            )
        named, path = "", rest
    file = _file(text, path)
    algorithm = named or _algorithm_of(text, file)
    package = ALGORITHMS[algorithm]
    try:
        kind = getattr(importlib.import_module(package), algorithm)
    except ImportError as error:
        raise InputError(
            f"policy: {text}: {algorithm} needs {DISTRIBUTIONS[package]}, which is not installed: "
            f"pip install {DISTRIBUTIONS[package]}"
        ) from error
    try:
        return file.stem, kind.load(str(file), device="cpu")
    except Exception as error:  # whatever its pickles raise
        words = " ".join(str(error).split())[:200]
        raise InputError(f"policy: {text}: {algorithm} cannot load it: {type(error).__name__}: {words}") from error


def _file(text: str, path: str) -> Path:
    """The file; as Stable-Baselines3 does, `.zip` may be left out."""
    file = Path(path).expanduser()
    for each in (file, file.with_name(f"{file.name}.zip") if file.name else file):
        if each.is_file():
            return each
    raise InputError(f"policy: {text}: no such file: {path or 'none is named'}; expected SB3:PATH of a saved agent")


def _algorithm_of(text: str, file: Path) -> str:
    """The algorithm that a file is of, by what its readable part says of its policy and its constants."""
    try:
        with zipfile.ZipFile(file) as archive:
            facts = json.loads(archive.read("data"))
        module = str(facts["policy_class"].get("__module__", ""))
    except (OSError, KeyError, ValueError, AttributeError, zipfile.BadZipFile) as error:
        raise InputError(
            f"policy: {text}: {file} is no agent that Stable-Baselines3 has saved; expected the .zip of model.save()"
        ) from error
    for part, algorithm in _BY_MODULE.items():
        if part in f"{module}.":
            return algorithm
    if "clip_range" in facts:
        return "PPO"
    if "cg_max_steps" in facts:
        return "TRPO"
    if "gae_lambda" in facts:
        return "A2C"
    raise InputError(f"policy: {text}: cannot tell its algorithm; name it, as in SB3:PPO:{file}")
