"""Crystals, symmetry, CIF, reflections, polyhedra and their geometry."""
