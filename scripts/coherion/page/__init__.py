"""The page of a run: everything that it found as one HTML file that opens without a network."""
