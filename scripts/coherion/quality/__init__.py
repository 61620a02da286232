"""Alerts: what is wrong with a standard, a reduction or a fit, graded, each with its number and what to do."""
