"""What is read and written: datasets, tables, and the files of instruments."""
