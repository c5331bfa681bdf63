"""Statistics of results: quantiles, histograms, confidence intervals, bootstraps, the sign test.

By hand, as SciPy is no dependency: these few formulas are not worth its size.
"""
