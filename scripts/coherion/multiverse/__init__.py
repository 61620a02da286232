"""Whole analyses under every defensible choice: what is tried, how it is run, and what comes of it."""
