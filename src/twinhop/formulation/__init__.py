"""What makes a placement problem of a world."""

from twinhop.formulation.access import AccessLinks as AccessLinks
from twinhop.formulation.access import access_links as access_links
from twinhop.formulation.formulate import Origin as Origin
from twinhop.formulation.formulate import RadioState as RadioState
from twinhop.formulation.formulate import formulate as formulate
from twinhop.formulation.formulate import link_rates_bps as link_rates_bps
from twinhop.formulation.formulate import placement_work as placement_work
from twinhop.formulation.formulate import radio_state as radio_state
from twinhop.formulation.formulate import slot_radio as slot_radio
from twinhop.formulation.literal_evaluation import LiteralEvaluation as LiteralEvaluation
from twinhop.formulation.literal_evaluation import evaluate_literally as evaluate_literally
from twinhop.formulation.sparse import formulate_sparse as formulate_sparse
from twinhop.formulation.sparse import sparse_view_lacks as sparse_view_lacks
from twinhop.formulation.wired import wires as wires
from twinhop.formulation.wired import wires_between as wires_between
