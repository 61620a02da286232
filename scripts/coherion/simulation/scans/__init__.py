"""What a powder scatters and a diffractometer counts, from atoms up."""
