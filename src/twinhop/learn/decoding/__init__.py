"""From what agents ask for to a station for every twin: the rule, load calibration, repair, and local moves."""

from twinhop.learn.decoding.calibration import calibrated
from twinhop.learn.decoding.decide import Decider, Decode, decoded
from twinhop.learn.decoding.local_moves import make_local_moves
from twinhop.learn.decoding.repair import repair
from twinhop.learn.decoding.rule import highest, opened_stations

__all__ = ["Decider", "Decode", "calibrated", "decoded", "highest", "opened_stations", "make_local_moves", "repair"]
