"""From what agents ask for to a station for every twin: the rule, load calibration, repair, and local moves."""

from twinhop.inference.calibration import calibrated
from twinhop.inference.decide import Decider, Decode, decoded
from twinhop.inference.local_moves import make_local_moves
from twinhop.inference.repair import repair
from twinhop.inference.rule import highest, opened_stations

__all__ = ["Decider", "Decode", "calibrated", "decoded", "highest", "opened_stations", "make_local_moves", "repair"]
