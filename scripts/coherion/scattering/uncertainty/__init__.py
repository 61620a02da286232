"""Noise of the counts and what becomes of it in G(r)."""
