"""Readers of impedance spectra."""
