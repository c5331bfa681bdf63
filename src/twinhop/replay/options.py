"""What a replay is asked for, by name: the synchronisation policies, and the model of motion."""

from __future__ import annotations

from twinhop.errors import InputError
from twinhop.text import suggestion
from twinhop.twin.behaviour import BEHAVIOUR_MODELS, RowModel
from twinhop.twin.synchronisation import SYNC_POLICIES


def parse_sync(text: str) -> list[str]:
    """The policies of a comma-separated list.

    Raises:
        InputError: one is unknown, named twice, or there is none.

    >>> parse_sync("fixed,model")
    ['fixed', 'model']
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in SYNC_POLICIES:
            hint = suggestion(name, SYNC_POLICIES)
            raise InputError(f"--sync: unknown policy {name[:40]!r}; {hint}accepted: {', '.join(SYNC_POLICIES)}")
    if not names or len(set(names)) != len(names):
        raise InputError(f"--sync: name each policy once; accepted: {', '.join(SYNC_POLICIES)}")
    return names


def motion_model(kind: str, noise_m: float) -> RowModel:
    """A model of motion by name, told how noisy positions are.

    Args:
        kind: a kind of `BEHAVIOUR_MODELS` that predicts positions.
        noise_m: standard deviation of a measured coordinate [m]; under 0.1 m counts as that.

    Raises:
        InputError: there is no such model.
    """
    known = [name for name, model in BEHAVIOUR_MODELS.items() if "measurement_sigma" in _parameters(model)]
    if kind not in known:
        hint = suggestion(kind, known)
        raise InputError(f"--behaviour: unknown model of motion {kind[:40]!r}; {hint}accepted: {', '.join(known)}")
    model = BEHAVIOUR_MODELS[kind]
    assert issubclass(model, RowModel)
    return model(2, measurement_sigma=max(noise_m, 0.1))  # type: ignore[call-arg]


def _parameters(model: type) -> tuple[str, ...]:
    return model.parameter_names if issubclass(model, RowModel) else ()
