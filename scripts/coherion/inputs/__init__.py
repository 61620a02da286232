"""The input of a series: what a folder holds, a first set of tables, and what is missing or cannot be true."""
