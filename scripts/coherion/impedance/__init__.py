"""Impedance spectra: validation, circuits, conductivity and activation energy."""
