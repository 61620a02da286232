"""Alerts on scans: what a detector, a copy or a table of scans can do to counts."""
