"""The settings of the paper's figures: how many users and stations."""

from __future__ import annotations

import re
from typing import NamedTuple

from twinhop.errors import InputError
from twinhop.scenario import Scenario, load_scenario

PRESET = "lu2021-n100-m10"
_FORM = re.compile(r"(?:lu2021-)?n(\d{1,6})-m(\d{1,4})")


class Setting(NamedTuple):
    """N users and M stations."""

    users: int
    stations: int

    @property
    def name(self) -> str:
        """As in the names of presets and folders.

        >>> Setting(80, 5).name
        'n80-m5'
        """
        return f"n{self.users}-m{self.stations}"

    @property
    def label(self) -> str:
        """As in figures."""
        return f"N={self.users}, M={self.stations}"


#: Those of Fig. 7 to 10, and the small ones of a quick run.
PAPER = tuple(Setting(users, stations) for users in (80, 100) for stations in (5, 10))
SMALL = tuple(Setting(users, stations) for users in (20, 30) for stations in (3, 5))


#: The paper's as corners: few of both, many users, many stations, many of both.
FEWEST_SQUARE = (PAPER[0], PAPER[2], PAPER[1], PAPER[3])


def parse_setting(text: str) -> Setting:
    """A setting by name.

    Raises:
        InputError: it is no such name.

    >>> parse_setting("n20-m3"), parse_setting("lu2021-n80-m5")
    (Setting(users=20, stations=3), Setting(users=80, stations=5))
    """
    match = _FORM.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) or not 1 <= int(match[2]):
        raise InputError(
            f"--settings: got '{text.strip()}'; accepted: names such as {PAPER[0].name}, users and stations"
        )
    return Setting(int(match[1]), int(match[2]))


def scenario_of(setting: Setting, seed: int) -> Scenario:
    """The world of a setting: the preset's constants, Rayleigh fading in every slot, users who move (Gauss-Markov).

    Args:
        setting: how many users and stations.
        seed: root seed; stations and users of a seed are its own.
    """
    scenario = load_scenario(PRESET)
    stations, users = scenario.stations, scenario.users
    assert stations.generate is not None and users.generate is not None
    update = {
        "name": f"lu2021-{setting.name}",
        "stations": stations.model_copy(
            update={"generate": stations.generate.model_copy(update={"count": setting.stations})}
        ),
        "users": users.model_copy(update={"generate": users.generate.model_copy(update={"count": setting.users})}),
        "radio": scenario.radio.model_copy(update={"fading": "rayleigh"}),
    }
    return scenario.model_copy(update=update).with_seed(seed)
