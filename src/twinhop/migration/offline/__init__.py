"""The best plan of a whole run with full knowledge of the future, and the certified bound on all of them."""

from twinhop.migration.offline.certify import certify_run
from twinhop.migration.offline.evaluation import RunCost, price
from twinhop.migration.offline.prices import RunPrices
from twinhop.migration.offline.solve import OfflineAnswer, offline

__all__ = ["OfflineAnswer", "RunPrices", "RunCost", "certify_run", "offline", "price"]
