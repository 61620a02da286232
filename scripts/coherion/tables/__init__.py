"""Tables of a paper and its supporting information: what each holds, and how it is written as TSV, LaTeX and HTML."""
