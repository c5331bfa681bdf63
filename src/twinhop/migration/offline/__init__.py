"""The best plan of a whole run with full knowledge of the future, and the certified bound on all of them."""

from twinhop.migration.offline.certify import SlotBounds, certify_run, certify_slots
from twinhop.migration.offline.evaluation import RunCost, price
from twinhop.migration.offline.prices import RunPrices
from twinhop.migration.offline.solve import OfflineAnswer, offline

__all__ = ["OfflineAnswer", "RunPrices", "RunCost", "SlotBounds", "certify_run", "certify_slots", "offline", "price"]
