"""Quantities of a series: expressions of its columns, and the samples that a group holds."""
