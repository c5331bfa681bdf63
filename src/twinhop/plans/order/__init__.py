"""The order in which twins move, so that no host takes more than it holds on the way."""

from twinhop.plans.order.move_order import MoveOrder as MoveOrder
from twinhop.plans.order.move_order import order_of_moves as order_of_moves
from twinhop.plans.order.move_step import MoveStep as MoveStep
