"""Predictors of users' movement, one a file: each has a `PREDICTOR` and is named in `predictor.PREDICTORS`."""
