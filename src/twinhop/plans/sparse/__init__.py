"""Plans of scenarios whose users and stations have more links than are looked at one by one."""

from twinhop.plans.sparse.case import WIDE_LINKS as WIDE_LINKS
from twinhop.plans.sparse.case import SparseCase as SparseCase
from twinhop.plans.sparse.case import sparse_case as sparse_case
from twinhop.plans.sparse.case import takes_sparse_view as takes_sparse_view
from twinhop.plans.sparse.plan import SparsePlan as SparsePlan
from twinhop.plans.sparse.planning import plan_sparse as plan_sparse
