"""Crystals, the model of G(r), its refinement and the geometry that follows from it."""
