"""Figures, one module each, drawn from the files that a run wrote."""
