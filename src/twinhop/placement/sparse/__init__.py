"""The placement problem at an operator's size: candidates in place of the whole matrix, priced over blocks of users."""

from twinhop.placement.sparse.problem import SparseProblem as SparseProblem
from twinhop.placement.sparse.solve import SparsePrices as SparsePrices
from twinhop.placement.sparse.solve import SparseSolution as SparseSolution
from twinhop.placement.sparse.solve import solve_sparse as solve_sparse
