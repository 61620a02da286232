"""The settings of each stage, declared: a file for each."""
