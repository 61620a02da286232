"""What every file between the rules holds: each variable, attribute and column declared once."""
