"""Least squares of the pair model: weights, minimiser, covariance, profile intervals."""
