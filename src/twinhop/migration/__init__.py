"""P2, the migration of twins: dynamics of a run, policies, and the certified offline bound."""

from twinhop.migration.outcome import Outcome as Outcome
from twinhop.migration.policy import MigrationPolicy as MigrationPolicy
from twinhop.migration.policy import PolicyChoice as PolicyChoice
from twinhop.migration.policy import PolicyKind as PolicyKind
from twinhop.migration.policy import policy_choice as policy_choice
from twinhop.migration.policy import policy_names as policy_names
from twinhop.migration.run import MigrationRun as MigrationRun
from twinhop.migration.simulate import outcomes as outcomes
from twinhop.migration.situation import Situation as Situation
