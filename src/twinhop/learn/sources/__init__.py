"""Where training instances come from: the environment, or a bank of recorded ones."""

from twinhop.learn.sources.bank import BankSource
from twinhop.learn.sources.environment import EnvironmentSource
from twinhop.learn.sources.mixed import MixedSource
from twinhop.learn.sources.padded import PaddedSource
from twinhop.learn.sources.source import Source, StepOutcome

__all__ = ["BankSource", "EnvironmentSource", "MixedSource", "StepOutcome", "PaddedSource", "Source"]
