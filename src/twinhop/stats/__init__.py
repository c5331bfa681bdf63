"""Statistics of results: quantiles, histograms, confidence intervals."""
