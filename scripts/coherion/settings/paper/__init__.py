"""Declared models of what an author writes down of a paper."""
