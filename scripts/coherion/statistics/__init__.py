"""Lines with errors in both axes, correlation, and claims tested against a table of the series."""
