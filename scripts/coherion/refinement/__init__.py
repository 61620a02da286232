"""The model of G(r) fitted to data."""
