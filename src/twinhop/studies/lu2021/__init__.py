"""The figures of Lu, Maharjan and Zhang (2021), remade."""

from twinhop.studies.lu2021.reproduce import Reproduction as Reproduction
from twinhop.studies.lu2021.reproduce import reproduce_lu2021 as reproduce_lu2021
