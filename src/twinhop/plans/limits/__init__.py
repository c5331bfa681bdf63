"""Planning close to the present with limits: at most so many twins move, at most so many servers change."""

from twinhop.plans.limits.limits import Limits as Limits
from twinhop.plans.limits.limits import check_limits as check_limits
from twinhop.plans.limits.limits import fewest_moves as fewest_moves
from twinhop.plans.limits.limits import fewest_server_changes as fewest_server_changes
from twinhop.plans.limits.within_limits import NO_TIME_S as NO_TIME_S
from twinhop.plans.limits.within_limits import within_limits as within_limits
