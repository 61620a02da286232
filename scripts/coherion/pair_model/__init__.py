"""The model of G(r)."""
