"""One statistic everywhere: what tables, figures and answers say of results of many worlds.

By hand, as SciPy is no dependency: these few formulas are not worth its size.
"""

from twinhop.stats.apart import lies_above as lies_above
from twinhop.stats.bootstrap import FEWEST_WORLDS as FEWEST_WORLDS
from twinhop.stats.bootstrap import Band as Band
from twinhop.stats.bootstrap import band as band
from twinhop.stats.bootstrap import interquartile_mean as interquartile_mean
from twinhop.stats.bootstrap import interval_above as interval_above
from twinhop.stats.bootstrap import iqm_interval as iqm_interval
from twinhop.stats.bootstrap import mean_interval as mean_interval
from twinhop.stats.bootstrap import ratio_interval as ratio_interval
from twinhop.stats.gaps import Summary as Summary
from twinhop.stats.gaps import gap_to_bound as gap_to_bound
from twinhop.stats.gaps import summarize as summarize
from twinhop.stats.intervals import wilson_interval as wilson_interval
from twinhop.stats.paired import Paired as Paired
from twinhop.stats.paired import differences as differences
from twinhop.stats.paired import paired as paired
from twinhop.stats.profile import Profile as Profile
from twinhop.stats.profile import performance_profile as performance_profile
from twinhop.stats.sign_test import SignTest as SignTest
from twinhop.stats.sign_test import sign_test as sign_test
