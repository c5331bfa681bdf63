"""The best plan of a whole run with full knowledge of the future, and the certified bound on all of them."""

from twinhop.migration.offline.certify import certify
from twinhop.migration.offline.evaluation import RunCost, price
from twinhop.migration.offline.prices import Prices
from twinhop.migration.offline.solve import OfflineAnswer, offline

__all__ = ["OfflineAnswer", "Prices", "RunCost", "certify", "offline", "price"]
