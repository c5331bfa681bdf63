"""Every behaviour model, by its kind."""

from __future__ import annotations

from twinhop.twin.behaviour.level import Level
from twinhop.twin.behaviour.model import BehaviourModel

BEHAVIOUR_MODELS: dict[str, type[BehaviourModel]] = {
    "level": Level,
}
