"""Equivalent circuits: elements, grammar, starts, fit, choice."""
