"""Readers of powder diffraction scans."""
